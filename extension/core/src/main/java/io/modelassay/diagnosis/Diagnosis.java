package io.modelassay.diagnosis;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.failure.InvalidRequestException;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.quantizer.Calibration;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.DecodedWeights;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.Weights;
import io.modelassay.values.WeightSanity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * Whether a model survives being quantized, told before it is: one traced pass over a calibration in each of fp32, bf16 and
 * fp16, and one look at each weight. Every setting is judged from these figures.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class Diagnosis {
    private static final List<Setting> SEARCHED = Setting.all();

    private final String calibration;
    private final long tokens;
    private final List<OperationRange> ranges;
    private final List<AttentionScores> scores;
    private final List<TypedPass> passes;
    private final Map<String, WeightRange> weights;
    private final List<Cause> causes;

    private Diagnosis(
            Calibration calibration,
            List<OperationRange> ranges,
            List<AttentionScores> scores,
            List<TypedPass> passes,
            Map<String, WeightRange> weights,
            List<Cause> causes) {
        this.calibration = calibration.name();
        this.tokens = calibration.tokens();
        this.ranges = List.copyOf(ranges);
        this.scores = List.copyOf(scores);
        this.passes = List.copyOf(passes);
        this.weights = weights;
        this.causes = List.copyOf(causes);
    }

    /**
     * Measures {@code checkpoint}, which stays its owner's to close.
     *
     * @throws IllegalArgumentException if the calibration has no tokens
     * @throws io.modelassay.architecture.UnsupportedArchitectureException if the model type has no forward pass here
     */
    public static Diagnosis of(Checkpoint checkpoint, Calibration calibration) {
        return of(checkpoint, calibration, Device.AUTO, Progress.SILENT);
    }

    /** The same on {@code device}, telling {@code progress} how far it has come. */
    public static Diagnosis of(Checkpoint checkpoint, Calibration calibration, Device device, Progress progress) {
        if (calibration.tokens() == 0) {
            throw new InvalidRequestException(
                    "The calibration " + calibration.name() + " has no tokens",
                    "some thousand tokens of text that is like what the model will read");
        }
        ModelPlan plan = Architectures.require(checkpoint);
        plan.decoder(); // refused before the engine starts
        StoredQuantization stored = StoredQuantization.of(checkpoint, Optional.of(plan));
        stored.requireKnownFormat();
        TorchEngine engine = TorchEngine.on(device);
        Weights plain = new StoredWeights(checkpoint, plan, Kernels.conversions(engine));
        try (Weights weights =
                        stored.weights().isEmpty() ? plain : new DecodedWeights(plain, checkpoint, stored, engine);
                Kernels kernels = Kernels.compile(
                        engine, Codec.class, List.of("rtn.py", "/io/modelassay/diagnosis/diagnosis.py"))) {
            List<Parameter> linears = plan.parameters().stream()
                    .filter(parameter -> parameter.kind() == Parameter.Kind.LINEAR)
                    .filter(parameter -> stored.find(parameter.name()).isEmpty())
                    .toList();
            Map<String, WeightRange> measured = new WeightRanges(weights, kernels)
                    .of(linears).stream()
                            .collect(Collectors.toMap(
                                    WeightRange::module, Function.identity(), (a, b) -> a, LinkedHashMap::new));
            List<TypedPass> passes = new ArrayList<>();
            String name = String.valueOf(checkpoint.folder().getFileName());
            LanguageModel wide = new LanguageModel(engine, plan, weights, DType.FP32, checkpoint.contentHash(), name);
            RangeProbe ranges = new RangeProbe(wide, kernels, calibration.windows());
            try (InputProbe inputs = new InputProbe(wide, kernels)) {
                Optional<Place> nonFinite = wide.decoder()
                        .trace(
                                calibration.windows(),
                                (module, results) ->
                                        ranges.look(module, results).or(() -> inputs.look(module, results)),
                                progress);
                passes.add(new TypedPass(DType.FP32, ranges.beyondHalf(), nonFinite));
                for (DType dtype : List.of(DType.BF16, DType.FP16)) {
                    passes.add(pass(
                            new LanguageModel(engine, plan, weights, dtype, wide.identity(), name),
                            kernels,
                            calibration,
                            progress));
                }
                List<Cause> causes = new ArrayList<>(ActivationCauses.of(passes, inputs.scores(), embedding(plan)));
                causes.addAll(WeightCauses.of(measured, inputs.inputs(), calibration.tokens()));
                WeightSanity.ofParts(checkpoint, stored, engine).stream()
                        .map(Diagnosis::always)
                        .forEach(causes::add);
                return new Diagnosis(calibration, ranges.ranges(), inputs.scores(), passes, measured, causes);
            }
        }
    }

    private static TypedPass pass(LanguageModel model, Kernels kernels, Calibration calibration, Progress progress) {
        RangeProbe probe = new RangeProbe(model, kernels, calibration.windows());
        Optional<Place> nonFinite = model.decoder().trace(calibration.windows(), probe, progress);
        return new TypedPass(model.dtype(), probe.beyondHalf(), nonFinite);
    }

    private static String embedding(ModelPlan plan) {
        return plan.parameter(plan.decoder().embedding()).orElseThrow().module();
    }

    /** What is broken in the artifact itself stands in the way of everything. */
    private static Cause always(Finding finding) {
        return new Cause(finding.id(), finding.subject(), finding.message(), finding.nextStep(), setting -> true);
    }

    /** The calibration's name. */
    public String calibration() {
        return calibration;
    }

    /** Tokens that were traced. */
    public long tokens() {
        return tokens;
    }

    /** The largest magnitude of each operation in fp32, in the order of computation, up to what is not finite. */
    public List<OperationRange> ranges() {
        return ranges;
    }

    /** The operation with the least head-room of each layer. */
    public List<OperationRange> layers() {
        Map<Integer, OperationRange> layers = new LinkedHashMap<>();
        ranges.stream()
                .filter(range -> range.layer() >= 0)
                .forEach(range -> layers.merge(range.layer(), range, OperationRange::larger));
        return List.copyOf(layers.values());
    }

    /** Products of queries and keys, layer by layer. */
    public List<AttentionScores> attentionScores() {
        return scores;
    }

    /** What the forward pass met in fp32, bf16 and fp16. */
    public List<TypedPass> passes() {
        return passes;
    }

    /** Magnitudes of the linear modules that are not stored quantized. */
    public List<WeightRange> weights() {
        return List.copyOf(weights.values());
    }

    /** What was found, whatever the setting: an error where no setting is left, a warning where some fail. */
    public List<Finding> findings() {
        return causes.stream().map(cause -> cause.finding(SEARCHED)).toList();
    }

    /**
     * What makes {@code setting} fail; empty if the model survives it.
     *
     * @throws IllegalArgumentException if the group size is neither a power of two from 16 to 4096 nor per channel
     */
    public List<Finding> findings(Setting setting) {
        if (!WeightRanges.SIZES.contains(setting.groupSize())) {
            throw new InvalidRequestException(
                    "Groups of " + setting.groupSize() + " are not measured", "one of " + WeightRanges.SIZES);
        }
        return causes.stream()
                .filter(cause -> cause.breaks().test(setting))
                .map(Cause::error)
                .toList();
    }

    /** Every searched setting with the ids of what makes it fail, none where it is clean. */
    public Map<Setting, List<String>> settings() {
        Map<Setting, List<String>> judged = new LinkedHashMap<>();
        for (Setting setting : SEARCHED) {
            judged.put(
                    setting,
                    findings(setting).stream().map(Finding::id).distinct().toList());
        }
        return judged;
    }
}
