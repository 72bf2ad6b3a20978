package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.compatibility.TensorParallel;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.DefaultLimits;
import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.NonFiniteActivation;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Provenance;
import io.modelassay.inspection.PaddingReport;
import io.modelassay.inspection.UnusedBias;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.OutputErrors.ModuleError;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.assertj.core.data.Percentage;
import org.jspecify.annotations.Nullable;

/** Assertions on a model: figures over texts, values and structure. */
@API(status = API.Status.EXPERIMENTAL)
public class ModelAssert extends AbstractStoredFormAssert<ModelAssert, ModelUnderTest> {
    /** For {@link ModelAssertions#assertThat(ModelUnderTest)}. */
    public ModelAssert(@Nullable ModelUnderTest actual) {
        super(actual, ModelAssert.class);
    }

    @Override
    Checkpoint checkpoint() {
        return actual.checkpoint();
    }

    @Override
    String kind() {
        return "model";
    }

    @Override
    String name() {
        return actual.name();
    }

    @Override
    LoadReport loadReport() {
        return actual.loadReport();
    }

    @Override
    ScanReport storedScan() {
        return actual.storedScan();
    }

    @Override
    List<TensorScan> decodedScan() {
        return actual.decodedScan();
    }

    @Override
    boolean isQuantizedAfterLoading(String module) {
        return actual.quantizes(module);
    }

    @Override
    StoredQuantization storedQuantization() {
        return actual.storedQuantization();
    }

    @Override
    Optional<ModelPlan> plan() {
        return actual.plan();
    }

    @Override
    List<UnusedBias> unusedBiases() {
        return actual.unusedBiases();
    }

    @Override
    PaddingReport paddingReport() {
        return actual.paddingReport();
    }

    @Override
    TensorParallel tensorParallel() {
        return actual.tensorParallel();
    }

    @Override
    void record(Figure figure) {
        actual.record(figure);
    }

    /**
     * As {@link #hasOnlyBenignBiasWarnings()}; a failure also tells what the dropped biases would have done on {@code text}.
     *
     * @param text windows of the model's context
     */
    public ModelAssert hasOnlyBenignBiasWarnings(Text text) {
        isNotNull();
        boolean harmful = actual.unusedBiases().stream().anyMatch(bias -> !bias.isBenign());
        return checkBiases(harmful ? Optional.of(actual.biasEffect(text)) : Optional.empty());
    }

    /**
     * The modules that match hold the very bytes of the reference: the strong form of {@link #keepsInFullPrecision}. Fails
     * where there is no other checkpoint to compare with.
     *
     * @param patterns module names (and all below them); {@code *} stands for any characters. Each must match.
     */
    public ModelAssert keepsByteEqualToReference(String... patterns) {
        isNotNull();
        requireReference();
        Checkpoint reference = actual.reference().checkpoint();
        List<TensorInfo> checked = matching("keepsByteEqualToReference", patterns);
        List<String> found = checked.stream()
                .map(tensor -> difference(tensor, reference))
                .flatMap(Optional::stream)
                .toList();
        record(new Figure(
                name(),
                "bytes of " + String.join(", ", patterns),
                found.size(),
                0,
                "tensors",
                "at most 0",
                found.isEmpty(),
                Failure.count(checked.size(), "tensor")));
        if (!found.isEmpty()) {
            fail(Failure.expecting(
                            kind(),
                            name(),
                            "to keep " + String.join(", ", patterns) + " byte-equal to <" + actual.reference() + ">")
                    .but(found.size() + " of " + Failure.count(checked.size(), "tensor") + " "
                            + Failure.verb(found.size(), "differs:", "differ:"))
                    .items(found)
                    .from(folder())
                    .then("these modules in the quantizer's list of what it leaves alone"));
        }
        return this;
    }

    private Optional<String> difference(TensorInfo tensor, Checkpoint reference) {
        Optional<TensorInfo> other = reference.find(tensor.name());
        if (other.isEmpty()) {
            return Optional.of(tensor.name() + " is not in the reference");
        }
        if (other.get().type() != tensor.type()) {
            return Optional.of(tensor.name() + " is stored as " + tensor.type().label() + ", the reference has "
                    + other.get().type().label());
        }
        return checkpoint().contentEquals(tensor, reference, other.get())
                ? Optional.empty()
                : Optional.of(tensor.name() + " holds other values");
    }

    /**
     * No value of a weight or of a scale is what no quantizer writes: scales are finite, positive, not subnormal and not
     * all one; no module is dead or explodes; and where the artifact has another checkpoint as reference, every quantized
     * weight decodes to what it was made from.
     */
    public ModelAssert hasSaneWeights() {
        isNotNull();
        int tensors = checkpoint().tensors().size();
        requireSomething(tensors, "tensors to look at", "the folder that holds the weights");
        List<Finding> found = actual.weightFindings();
        record(new Figure(
                name(),
                "implausible weights",
                found.size(),
                0,
                "findings",
                "at most 0",
                found.isEmpty(),
                Failure.count(tensors, "tensor") + " and "
                        + Failure.count(storedQuantization().weights().size(), "quantized weight")));
        if (!found.isEmpty()) {
            fail(Failure.expecting(kind(), name(), "to have sane weights")
                    .but(Failure.count(found.size(), "finding") + " " + Failure.verb(found.size(), "says", "say")
                            + " otherwise:")
                    .items(found.stream()
                            .map(finding -> finding.id() + ": " + finding.subject() + ": " + finding.message())
                            .toList())
                    .from(provenance(actual.provenance()))
                    .then(found.get(0).nextStep()));
        }
        return this;
    }

    /**
     * A forward pass over {@code text} gives finite numbers only. The failure names the first operation that does not.
     *
     * @param text windows of the model's context; at least 2 tokens
     */
    public ModelAssert hasFiniteActivationsOn(Text text) {
        isNotNull();
        Optional<NonFiniteActivation> found = actual.firstNonFiniteActivation(text);
        record(new Figure(
                name(),
                "non-finite activations",
                found.map(NonFiniteActivation::count).orElse(0L),
                0,
                "values",
                "at most 0",
                found.isEmpty(),
                text.name()));
        found.ifPresent(place -> fail(Failure.expecting(kind(), name(), "to have finite activations on " + text.name())
                .but(place.module() + " gave " + Failure.count(place.count(), "non-finite value")
                        + ", the first at token " + place.token() + ", channel " + place.channel())
                .line("Every operation before it, layer by layer, was finite")
                .from(provenance(actual.provenance()))
                .then("hasOnlyFiniteWeights(), and a compute type of larger range: dtype = DType.BF16")));
        return this;
    }

    /**
     * The perplexity over {@code text} has grown by at most {@code limit} against the reference. Measured token by token,
     * so that the standard error is that of paired differences. Fails where there is no other model to compare with.
     *
     * @param limit largest growth; a smaller perplexity always holds
     * @param text windows of the model's context
     */
    public ModelAssert hasPerplexityDriftAtMost(Percentage limit, Text text) {
        isNotNull();
        requireReference();
        failWith(driftAbove(limit.value, text).stream());
        return this;
    }

    /**
     * The mean KL divergence from the reference over {@code text} is at most {@code limit} nats a token. Fails where there
     * is no other model to compare with.
     *
     * @throws IllegalArgumentException if {@code limit} is negative or NaN
     */
    public ModelAssert hasMeanKlDivergenceAtMost(double limit, Text text) {
        isNotNull();
        if (!(limit >= 0)) {
            throw new IllegalArgumentException("A KL divergence is at least 0 nats, so the limit cannot be " + limit);
        }
        requireReference();
        failWith(klAbove(limit, text).stream());
        return this;
    }

    /**
     * The reference's most likely token is the model's too at no less than {@code limit} of the positions of {@code text}.
     * Fails where there is no other model to compare with.
     *
     * @param limit a share, 0 to 1
     * @throws IllegalArgumentException if {@code limit} is no share
     */
    public ModelAssert hasTopTokenAgreementAtLeast(double limit, Text text) {
        isNotNull();
        if (!(limit >= 0 && limit <= 1)) {
            throw new IllegalArgumentException("An agreement is a share from 0 to 1, so the limit cannot be " + limit);
        }
        requireReference();
        failWith(agreementBelow(limit, text).stream());
        return this;
    }

    /**
     * Drift, KL divergence and agreement over {@code text} keep the limits of {@link DefaultLimits} for the applied
     * quantization. One failure tells of all that do not. Fails where no quantization is applied, and for a quantization
     * that has no such limits.
     */
    public ModelAssert keepsDefaultLimitsOn(Text text) {
        isNotNull();
        String nextStep = "quantize = @Quantize(…), or a limit of your own";
        Optional<Quantization> quantization = actual.quantization();
        requireSomething(quantization.isPresent() ? 1 : 0, "default limits, which belong to a quantization", nextStep);
        DefaultLimits limits = DefaultLimits.of(quantization.orElseThrow(), parameters());
        requireSomething(
                limits.limitsAnything() ? 1 : 0,
                "default limits for " + quantization.get().label(),
                "a limit of your own, such as hasPerplexityDriftAtMost(withPercentage(20), text)");
        failWith(Stream.of(
                        Double.isInfinite(limits.driftPercent())
                                ? Optional.<String>empty()
                                : driftAbove(limits.driftPercent(), text),
                        klAbove(limits.klDivergence(), text),
                        agreementBelow(limits.topTokenAgreement(), text))
                .flatMap(Optional::stream));
        return this;
    }

    private long parameters() {
        return actual.plan().stream()
                .flatMap(plan -> plan.parameters().stream())
                .mapToLong(parameter -> parameter.shape().elementCount())
                .sum();
    }

    private void failWith(Stream<String> failures) {
        String text = failures.collect(Collectors.joining("\n\n"));
        if (!text.isEmpty()) {
            fail(text);
        }
    }

    /** A model compared with itself would pass every limit. */
    private void requireReference() {
        if (actual.reference() == actual) {
            fail(Failure.expecting(kind(), name(), "to have another model to be compared with")
                    .but("no quantization is applied and no reference named, so nothing has been compared")
                    .from(folder())
                    .then("quantize = @Quantize(…), or reference = the path of the unquantized model"));
        }
    }

    private Optional<String> driftAbove(double limit, Text text) {
        Comparison comparison = actual.comparison(text);
        double drift = comparison.driftPercent();
        Perplexity subject = comparison.subject();
        // NaN does not hold.
        boolean holds = drift <= limit;
        record(new Figure(
                name(),
                "perplexity drift",
                drift,
                comparison.driftStandardError(),
                "%",
                "at most " + Failure.number("%.2f", limit),
                holds,
                provenance(text, subject)));
        if (holds) {
            return Optional.empty();
        }
        return Optional.of(explained(
                Failure.expecting(
                                kind(),
                                name(),
                                "to have perplexity drift of at most " + Failure.number("%.2f", limit) + " % against <"
                                        + actual.reference() + ">")
                        .but("drift was " + Failure.number("%.2f", drift) + " % ± "
                                + Failure.number("%.2f", comparison.driftStandardError()) + " % (reference "
                                + Failure.number("%.4f", comparison.reference().value()) + ", this "
                                + Failure.number("%.4f", subject.value()) + ", " + tokens(subject, text) + ")"),
                text,
                subject));
    }

    private Optional<String> klAbove(double limit, Text text) {
        Comparison comparison = actual.comparison(text);
        Estimate kl = comparison.klDivergence();
        boolean holds = kl.mean() <= limit;
        record(new Figure(
                name(),
                "mean KL divergence",
                kl.mean(),
                kl.standardError(),
                "nats",
                "at most " + Failure.number("%.4f", limit),
                holds,
                provenance(text, comparison.subject())));
        if (holds) {
            return Optional.empty();
        }
        return Optional.of(explained(
                Failure.expecting(
                                kind(),
                                name(),
                                "to have mean KL divergence of at most " + Failure.number("%.4f", limit)
                                        + " nats a token from <" + actual.reference() + ">")
                        .but("it was " + Failure.number("%.4f", kl.mean()) + " ± "
                                + Failure.number("%.4f", kl.standardError()) + " ("
                                + tokens(comparison.subject(), text) + ")"),
                text,
                comparison.subject()));
    }

    private Optional<String> agreementBelow(double limit, Text text) {
        Comparison comparison = actual.comparison(text);
        Estimate agreement = comparison.topTokenAgreement();
        boolean holds = agreement.mean() >= limit;
        record(new Figure(
                name(),
                "top token agreement",
                100 * agreement.mean(),
                100 * agreement.standardError(),
                "%",
                "at least " + Failure.number("%.2f", 100 * limit),
                holds,
                provenance(text, comparison.subject())));
        if (holds) {
            return Optional.empty();
        }
        return Optional.of(explained(
                Failure.expecting(
                                kind(),
                                name(),
                                "to agree with <" + actual.reference() + "> on at least "
                                        + Failure.number("%.2f", 100 * limit) + " % of most likely tokens")
                        .but("it agreed on " + Failure.number("%.2f", 100 * agreement.mean()) + " % ± "
                                + Failure.number("%.2f", 100 * agreement.standardError()) + " % ("
                                + tokens(comparison.subject(), text) + ")"),
                text,
                comparison.subject()));
    }

    /** Adds which module lost most, where the figure comes from, and what to try. */
    private String explained(Failure failure, Text text, Perplexity subject) {
        // NaN is an error too.
        List<ModuleError> errors = actual.outputErrors(text).stream()
                .filter(module -> !(module.error() <= 0))
                .toList();
        String next = errors.size() < 2
                ? ""
                : "; next " + Failure.number("%.3f", errors.get(1).error());
        failure.line(
                errors.isEmpty()
                        ? "No linear module's output differs on the first window"
                        : "Largest share: " + errors.get(0).module() + " (relative output error "
                                + Failure.number("%.3f", errors.get(0).error()) + next + ")");
        return failure.from(provenance(subject.provenance())).then(remedy(subject, errors));
    }

    private static String remedy(Perplexity subject, List<ModuleError> errors) {
        if (!Double.isFinite(subject.value())) {
            return "hasOnlyFiniteWeights(), then hasFiniteActivationsOn(text), which names the first operation";
        }
        return errors.isEmpty()
                ? "the reference that belongs to this model"
                : "more bits or smaller groups, or keep = {\"" + errors.get(0).module() + "\"}";
    }

    private static String tokens(Perplexity figure, Text text) {
        return Failure.count(figure.tokens(), "token") + " of " + text.name();
    }

    private String provenance(Provenance provenance) {
        return provenance + ", checkpoint sha256 " + checkpoint().contentHash().substring(0, 12) + "…";
    }

    private static String provenance(Text text, Perplexity figure) {
        return tokens(figure, text) + ", " + figure.protocol() + ", " + figure.provenance();
    }
}
