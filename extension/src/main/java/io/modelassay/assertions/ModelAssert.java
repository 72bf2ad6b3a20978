package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.baseline.Baselines;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.compatibility.TensorParallel;
import io.modelassay.diagnosis.Setting;
import io.modelassay.evaluation.DefaultLimits;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.NonFiniteActivation;
import io.modelassay.evaluation.Provenance;
import io.modelassay.evaluation.TrainingStep;
import io.modelassay.inspection.PaddingReport;
import io.modelassay.inspection.UnusedBias;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.StoredQuantization;
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
        List<TensorInfo> checked = matching("keepsByteEqualToReference", patterns);
        failWith(new ReferenceByteChecks(actual).otherThanReference(checked, patterns).stream());
        return this;
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
        failWith(findings().implausibleWeights().stream());
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
     * {@code quantization} would give neither NaN nor infinities, judged before it is made: from the checkpoint's weights
     * and from what {@code text} makes flow through it, in this model's compute type. Nothing is quantized.
     *
     * @param text calibration
     */
    public ModelAssert survivesQuantization(Quantization quantization, Text text) {
        isNotNull();
        return survivesQuantization(Setting.of(quantization, actual.dtype()), text);
    }

    /** The same of any setting, such as one of AutoAWQ. */
    public ModelAssert survivesQuantization(Setting setting, Text text) {
        isNotNull();
        failWith(findings().causesOfFailure(setting, text).stream());
        return this;
    }

    /**
     * Quantized at more bits, each linear module of the reference loses less of its weight; a weight that lies on a grid of
     * few bits already, such as one of zeros, need not. Measured by itself for each module, on float16 scales where the method
     * stores such. A failure names the modules with their errors at each width.
     *
     * @param widths of rising bits, such as {@code rtn(2, 64), rtn(4, 64), rtn(8, 64)}; methods that need no calibration
     * @throws IllegalArgumentException for fewer than two, bits that do not rise, or a method that needs calibration
     */
    public ModelAssert hasErrorFallingWithBits(Quantization... widths) {
        isNotNull();
        BitWidthChecks checks = new BitWidthChecks(actual, widths);
        requireSomething(
                checks.hasUnquantizedWeights() ? 1 : 0,
                "unquantized weights to be quantized at several widths",
                "reference = the path of the unquantized model");
        failWith(checks.errorsThatDoNotFall().stream());
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
        failWith(comparisons().driftAbove(limit.value, text).stream());
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
        failWith(comparisons().klAbove(limit, text).stream());
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
        failWith(comparisons().agreementBelow(limit, text).stream());
        return this;
    }

    /** The logits are those of {@code other}, each within {@code tolerance}, on the first {@value LogitChecks#TOKENS} tokens. */
    public ModelAssert hasSameLogitsAs(ModelUnderTest other, double tolerance, Text text) {
        isNotNull();
        failWith(logits(text).otherThan(other, tolerance).stream());
        return this;
    }

    /** Windows give the same logits, each within {@code tolerance}, in one batch as each alone. */
    public ModelAssert hasSameLogitsInBatches(double tolerance, Text text) {
        isNotNull();
        failWith(logits(text).otherInBatches(tolerance).stream());
        return this;
    }

    /**
     * The first {@value LogitChecks#TOKENS} tokens of each prompt give the same logits, each within {@code tolerance}, in one
     * batch that is padded left, in one that is padded right, and alone. Padded with every pad token that the artifact's files
     * name, or with the end of the text where they name none. Fails where no prompt is shorter than another.
     *
     * @param prompts texts of different lengths
     */
    public ModelAssert hasSameLogitsUnderPadding(double tolerance, Text... prompts) {
        isNotNull();
        PaddedPromptChecks checks = new PaddedPromptChecks(actual, prompts);
        requireSomething(
                checks.padded(),
                "prompts that a batch pads",
                "texts of different lengths, none empty, the shorter below " + LogitChecks.TOKENS + " tokens");
        requireSomething(
                checks.padTokens().size(),
                "a pad token, or an end of the text in its place",
                "pad_token in tokenizer_config.json");
        failWith(checks.otherThanAlone(tolerance).stream());
        return this;
    }

    private LogitChecks logits(Text text) {
        LogitChecks checks = new LogitChecks(actual, text);
        requireSomething(checks.count(), "tokens in " + text.name(), "a text that is not empty");
        return checks;
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
                                : comparisons().driftAbove(limits.driftPercent(), text),
                        comparisons().klAbove(limits.klDivergence(), text),
                        comparisons().agreementBelow(limits.topTokenAgreement(), text))
                .flatMap(Optional::stream));
        return this;
    }

    /**
     * As {@link #asksGradientsOnlyOfFloatingPointTensors()}, and training {@code adapter} on the model asks for no gradient
     * of integers either: no module that is quantized is copied by {@code modules_to_save}, and the adapter's own tensors are
     * of floating point types. From headers and configs; starts no engine.
     */
    public ModelAssert asksGradientsOnlyOfFloatingPointTensors(PeftAdapter adapter) {
        asksGradientsOnlyOfFloatingPointTensors();
        failWith(training().integersAsked(adapter).stream());
        return this;
    }

    /**
     * {@code adapter} can be trained on the model as it is, quantized or not. One real step, see {@link TrainingStep}, on
     * two windows of 64 tokens drawn from a seed: no gradient is asked of integers, a finite one comes to every tensor that
     * training changes, the loss on the same batch is lower after the step, and the base keeps its bits, in memory and on
     * disk.
     *
     * @throws io.modelassay.adapter.AdapterException if the adapter does not fit the model, or is not computed here
     */
    public ModelAssert isTrainableWith(PeftAdapter adapter) {
        asksGradientsOnlyOfFloatingPointTensors(adapter);
        failWith(training().untrainable(adapter, actual.trainingStep(adapter)).stream());
        return this;
    }

    /** The same on the first tokens of {@code text}, two windows of 64 at most. */
    public ModelAssert isTrainableWith(PeftAdapter adapter, Text text) {
        asksGradientsOnlyOfFloatingPointTensors(adapter);
        failWith(training().untrainable(adapter, actual.trainingStep(adapter, text)).stream());
        return this;
    }

    /**
     * The model is what the baseline {@code id} says, a file {@code ID.json} beside the tests: tensors, findings, values as
     * they are stored and as they decode and, where the baseline names a text's file, the figures over that text.
     * {@link Baselines} tells how a baseline is recorded and updated.
     *
     * @param id name of the file; {@code {quantization}} in it stands for the model's
     */
    public ModelAssert matchesBaseline(String id) {
        isNotNull();
        failWith(baseline(id).mismatch().stream());
        return this;
    }

    /** As {@link #matchesBaseline(String)}, with the figures over {@code text}. */
    public ModelAssert matchesBaseline(String id, Text text) {
        isNotNull();
        failWith(baseline(id).over(text).mismatch().stream());
        return this;
    }

    /** As {@link #matchesBaseline(String)}, and every stored tensor holds the very bytes that it held. */
    public ModelAssert matchesBaselineExactly(String id) {
        isNotNull();
        failWith(baseline(id).toTheBit().mismatch().stream());
        return this;
    }

    /** As {@link #matchesBaseline(String, Text)}, and every stored tensor holds the very bytes that it held. */
    public ModelAssert matchesBaselineExactly(String id, Text text) {
        isNotNull();
        failWith(baseline(id).over(text).toTheBit().mismatch().stream());
        return this;
    }

    private BaselineChecks baseline(String id) {
        return BaselineChecks.of(actual, id);
    }

    private FindingChecks findings() {
        return new FindingChecks(actual);
    }

    private TrainingChecks training() {
        return new TrainingChecks(actual);
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

    private ComparisonChecks comparisons() {
        return new ComparisonChecks(actual);
    }

    private String provenance(Provenance provenance) {
        return ComparisonChecks.provenance(actual, provenance);
    }
}
