package io.modelassay.assertions;

import io.modelassay.BiasEffect;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.compatibility.TensorParallel;
import io.modelassay.failure.Counted;
import io.modelassay.inspection.PaddingReport;
import io.modelassay.inspection.UnusedBias;
import io.modelassay.quantization.ModulePattern;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What can be asserted of the form in which weights are stored: which modules are quantized, and what loaders make of it.
 *
 * @param <S> the assert class
 * @param <A> what it asserts on
 */
@API(status = API.Status.EXPERIMENTAL)
public abstract class AbstractStoredFormAssert<S extends AbstractStoredFormAssert<S, A>, A>
        extends AbstractArtifactAssert<S, A> {
    private static final Set<TensorType> FULL_PRECISION =
            Set.of(TensorType.BF16, TensorType.F16, TensorType.F32, TensorType.F64);

    /** For subclasses. */
    AbstractStoredFormAssert(@Nullable A actual, Class<S> type) {
        super(actual, type);
    }

    abstract boolean isQuantizedAfterLoading(String module);

    abstract StoredQuantization storedQuantization();

    abstract Optional<ModelPlan> plan();

    abstract List<UnusedBias> unusedBiases();

    abstract PaddingReport paddingReport();

    abstract TensorParallel tensorParallel();

    /**
     * The modules that match are stored as floating-point numbers of at least 16 bits, and no quantization is applied to
     * them.
     *
     * @param patterns module names (and all below them); {@code *} stands for any characters. Each must match.
     */
    public S keepsInFullPrecision(String... patterns) {
        isNotNull();
        List<TensorInfo> checked = matching("keepsInFullPrecision", patterns);
        Set<String> found = new TreeSet<>();
        for (TensorInfo tensor : checked) {
            reduced(tensor).ifPresent(found::add);
        }
        check("full precision of " + String.join(", ", patterns))
                .expecting("to keep " + String.join(", ", patterns) + " in full precision")
                .none("tensors", found.size())
                .among(Counted.of(checked.size(), "tensor"))
                .otherwise(failure -> failure.but(found.size() + " of " + Counted.of(checked.size(), "tensor")
                                + Failure.verb(found.size(), " is not:", " are not:"))
                        .items(List.copyOf(found))
                        .from(folder())
                        .then("keep = {\"" + String.join("\", \"", patterns) + "\"} in the quantization"))
                .ifPresent(this::fail);
        return myself;
    }

    /** All tensors whose module one of {@code patterns} matches; a pattern that matches none fails. */
    List<TensorInfo> matching(String assertion, String... patterns) {
        requireSomething(patterns.length, "patterns to check", assertion + " with the names of modules");
        List<TensorInfo> all = new ArrayList<>();
        for (String pattern : patterns) {
            ModulePattern modules = ModulePattern.of(pattern);
            List<TensorInfo> matching = checkpoint().tensors().values().stream()
                    .filter(tensor -> modules.matchesAny(names(module(tensor.name()))))
                    .toList();
            requireSomething(
                    matching.size(),
                    "tensors that match \"" + pattern + "\"",
                    "a module name such as " + anyModule() + ", with * for any characters");
            all.addAll(matching);
        }
        return all;
    }

    /** What files and loaders call a stored module. */
    private List<String> names(String module) {
        return plan().map(plan -> plan.namesOf(module)).orElse(List.of(module));
    }

    /** In what reduced form a tensor is, if it is. */
    private Optional<String> reduced(TensorInfo tensor) {
        Optional<PackedWeight> packed = storedQuantization().weights().values().stream()
                .filter(weight -> tensor.name().startsWith(weight.module() + "."))
                .filter(weight -> storedQuantization().explains(tensor.name()))
                .findFirst();
        if (packed.isPresent()) {
            return Optional.of(
                    packed.get().parameter() + " is stored as " + packed.get().format());
        }
        if (!FULL_PRECISION.contains(tensor.type())) {
            return Optional.of(tensor.name() + " is stored as " + tensor.type().label());
        }
        return isQuantizedAfterLoading(module(tensor.name())) && tensor.name().endsWith(".weight")
                ? Optional.of(tensor.name() + " is quantized after loading")
                : Optional.empty();
    }

    /**
     * Every bias that a loader would warn of as unused is zero, so that dropping it changes nothing. Biases that the
     * architecture has are not looked at. Holds where there is no such bias.
     */
    public S hasOnlyBenignBiasWarnings() {
        return checkBiases(Optional.empty());
    }

    S checkBiases(Optional<BiasEffect> effect) {
        isNotNull();
        requireSomething(
                plan().map(ModelPlan::parameters).map(List::size).orElse(0),
                "a known architecture",
                "model_type in config.json");
        List<UnusedBias> biases = unusedBiases();
        List<String> found = biases.stream()
                .filter(bias -> !bias.isBenign())
                .map(AbstractStoredFormAssert::describe)
                .toList();
        String unused = Failure.verb(biases.size(), "bias", "biases");
        check("harmful unused biases")
                .expecting("to have only benign bias warnings")
                .none("biases", found.size())
                .among(biases.size() + " unused " + unused)
                .otherwise(failure -> {
                    failure.but(found.size() + " of " + biases.size() + " unused " + unused + " "
                                    + Failure.verb(found.size(), "is", "are") + " not zero:")
                            .items(found)
                            .line("The architecture has no bias there, so a loader warns and drops "
                                    + Failure.verb(found.size(), "it", "them"));
                    effect.ifPresent(moved -> failure.line(describe(moved)));
                    return failure.from(folder())
                            .then("the model_type whose modules have these biases, or a file saved without them");
                })
                .ifPresent(this::fail);
        return myself;
    }

    private static String describe(UnusedBias bias) {
        return bias.name() + " [" + bias.count() + "]: max |b| " + Failure.number("%.4g", bias.absMax())
                + (bias.finite() ? "" : ", not all finite");
    }

    private static String describe(BiasEffect effect) {
        return "Largest share: "
                + effect.outputShares().entrySet().stream()
                        .max(Map.Entry.comparingByValue())
                        .map(entry -> Failure.number("%.1f", 100 * entry.getValue()) + " % of the output of "
                                + entry.getKey())
                        .orElse("none")
                + "; perplexity " + Failure.number("%.4f", effect.with().value()) + " with the biases, "
                + Failure.number("%.4f", effect.without().value()) + " as a loader drops them";
    }

    /**
     * Every parameter that a loader leaves trainable is stored as floating-point numbers. Packed weights of a quantization
     * that the config declares are frozen by their loader and are not looked at; an integer tensor in the place of a weight
     * that no declared quantization explains makes a trainer fail with "only Tensors of floating point dtype can require
     * gradients".
     */
    public S asksGradientsOnlyOfFloatingPointTensors() {
        isNotNull();
        StoredQuantization stored = storedQuantization();
        boolean declared = !stored.configs().isEmpty();
        Set<String> packed = new TreeSet<>();
        stored.weights().values().forEach(weight -> weight.parts().values().forEach(part -> packed.add(part.name())));
        List<TensorInfo> parameters = checkpoint().tensors().values().stream()
                .filter(this::isParameter)
                .filter(tensor -> !(declared && packed.contains(tensor.name())))
                .toList();
        requireSomething(parameters.size(), "parameters", "the folder that holds the weights");
        List<String> found = parameters.stream()
                .filter(tensor -> !tensor.type().isFloatingPoint())
                .map(tensor -> tensor.name() + " " + tensor.shape() + " "
                        + tensor.type().label())
                .toList();
        check("trainable integer tensors")
                .expecting("to ask gradients only of floating-point tensors")
                .none("tensors", found.size())
                .among(Counted.of(parameters.size(), "trainable parameter"))
                .otherwise(failure -> failure.but(
                                found.size() + " of " + Counted.of(parameters.size(), "trainable parameter") + " "
                                        + Failure.verb(found.size(), "holds integers:", "hold integers:"))
                        .items(found)
                        .line(
                                declared
                                        ? "No quantization that is known explains them, so nothing tells a trainer to freeze them"
                                        : "config.json declares no quantization, so nothing tells a trainer to freeze them")
                        .from(folder())
                        .then("the quantization_config and the scales that belong to these tensors"))
                .ifPresent(this::fail);
        return myself;
    }

    /**
     * The MLPs are padded with channels of zeros, alike in gate, up and down and with the config, and were so before they were
     * quantized, if they are. Fails for a model that is not padded, too. Where MLPs are stored quantized, the engine decodes one
     * layer, and all layers if that one has zero channels.
     */
    public S isPaddedBeforeQuantization() {
        isNotNull();
        PaddingReport report = paddingReport();
        requireSomething(
                report.mlps() + report.defects().size(),
                "MLPs of gate_proj, up_proj and down_proj",
                "the folder of a model of the Llama, Mistral or Qwen families");
        check("padded MLP channels")
                .expecting("to be padded before quantization")
                .some("channels", report.channels())
                .onlyIf(report.isPadded())
                .among(Counted.of(report.mlps(), "MLP") + " of " + report.intermediateSize() + " channels")
                .otherwise(failure -> unpadded(failure, report))
                .ifPresent(this::fail);
        return myself;
    }

    private String unpadded(Failure failure, PaddingReport report) {
        List<Finding> defects = report.defects();
        if (defects.isEmpty()) {
            long step = 8L * 128;
            long size = (report.intermediateSize() + step - 1) / step * step;
            return failure.but("it is not padded: no pattern of zeros is among the " + report.intermediateSize()
                            + " channels of its " + Counted.of(report.mlps(), "MLP"))
                    .from(folder())
                    .then("Padding.to(" + size
                            + ") on the unquantized model, for groups of 128 on 8 ranks; then quantize");
        }
        return failure.but(Counted.of(defects.size(), "finding") + " " + Failure.verb(defects.size(), "says", "say")
                        + " otherwise:")
                .items(defects.stream()
                        .map(finding -> finding.id() + ": " + finding.subject() + ": " + finding.message())
                        .toList())
                .from(folder())
                .then(defects.get(0).nextStep());
    }

    /**
     * vLLM can divide the artifact, as it is stored, among {@code ranks} ranks of tensor parallelism: heads, and in every linear
     * module the channels of a rank against groups, packed words and blocks. Arithmetic on headers alone.
     *
     * @throws IllegalArgumentException if {@code ranks} is not positive
     */
    public S isShardableAcross(int ranks) {
        isNotNull();
        if (ranks < 1) {
            throw new IllegalArgumentException("A model is divided among 1 rank or more, not " + ranks);
        }
        TensorParallel parallel = tensorParallel();
        requireSomething(
                parallel.modules(),
                "linear modules of known names",
                "the folder of a model with q_proj, o_proj, gate_proj or down_proj");
        List<TensorParallel.Obstacle> obstacles = parallel.obstacles(ranks);
        check("modules in the way of " + Counted.of(ranks, "rank"))
                .expecting("to be shardable across " + Counted.of(ranks, "rank"))
                .none("kinds of modules", obstacles.size())
                .among(Counted.of(parallel.modules(), "module"))
                .otherwise(failure -> notShardable(failure, parallel, obstacles, ranks))
                .ifPresent(this::fail);
        return myself;
    }

    private String notShardable(
            Failure failure, TensorParallel parallel, List<TensorParallel.Obstacle> obstacles, int ranks) {
        failure.but(Counted.of(obstacles.size(), "kind") + " of modules " + Failure.verb(obstacles.size(), "does", "do")
                        + " not divide:")
                .items(obstacles.stream().map(TensorParallel.Obstacle::toString).toList());
        obstacles.stream()
                .map(TensorParallel.Obstacle::message)
                .filter(message -> !message.isEmpty())
                .findFirst()
                .ifPresent(message -> failure.line("vLLM says: " + message));
        failure.line(
                parallel.largest() == 0
                        ? "No number of ranks does"
                        : "It divides among " + Counted.of(parallel.largest(), "rank") + " at most");
        OptionalLong size = parallel.intermediateSizeFor(ranks);
        return failure.from(folder())
                .then(
                        size.isPresent()
                                ? "Padding.to(" + size.getAsLong()
                                        + ") on the unquantized model, the least that does; then quantize"
                                : "fewer ranks, or smaller groups: padding MLPs alone does not help");
    }

    private boolean isParameter(TensorInfo tensor) {
        return plan().isPresent()
                ? plan().get().parameter(plan().get().resolve(tensor.name())).isPresent()
                : tensor.name().endsWith(".weight") || tensor.name().endsWith(".bias");
    }
}
