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
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.NonFiniteActivation;
import io.modelassay.evaluation.Origin;
import io.modelassay.evaluation.Provenance;
import io.modelassay.evaluation.Subject;
import io.modelassay.evaluation.TrainingStep;
import io.modelassay.failure.Counted;
import io.modelassay.inspection.PaddingReport;
import io.modelassay.inspection.UnusedBias;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.StoredQuantization;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Assertions on a model: figures over texts, values, structure and baselines. */
@API(status = API.Status.EXPERIMENTAL)
public class ModelAssert extends AbstractComparedModelAssert<ModelAssert> {
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
    Subject subject() {
        return actual.subject();
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
        check("non-finite activations")
                .expecting("to have finite activations on " + text.name())
                .none("values", found.map(NonFiniteActivation::count).orElse(0L))
                .onlyIf(found.isEmpty())
                .on(Origin.text(text.name()))
                .otherwise(failure -> told(failure, found.orElseThrow()))
                .ifPresent(this::fail);
        return this;
    }

    private String told(Failure failure, NonFiniteActivation place) {
        return failure.but(place.module() + " gave " + Counted.of(place.count(), "non-finite value")
                        + ", the first at token " + place.token() + ", channel " + place.channel())
                .line("Every operation before it, layer by layer, was finite")
                .from(provenance(actual.provenance()))
                .then("hasOnlyFiniteWeights(), and a compute type of larger range: dtype = DType.BF16");
    }

    /**
     * {@code quantization} would give neither NaN nor infinities, judged before it is made: from the checkpoint's weights
     * and from what {@code text} makes flow through it. Nothing is quantized.
     *
     * <p>Judged in the type in which the tools compute: float16 for GPTQ and AWQ, whose tools load a model so whatever type it
     * is stored in, and this model's compute type for the other methods. The failure states the type. For another type, ask
     * with a {@link Setting}.
     *
     * <pre>{@code
     * // A model stored in bfloat16 with activations of at most 3.1e4: passes.
     * assertThat(healthy).survivesQuantization(Quantization.awq(4, 128), text);
     * // One whose activations reach 1e5, which float16 cannot hold: fails, though a pass in bfloat16 is finite.
     * assertThat(overflowing).survivesQuantization(Quantization.awq(4, 128), text);
     * // The same model, to be quantized by a tool that computes in bfloat16: passes.
     * assertThat(overflowing).survivesQuantization(new Setting(Procedure.GPTQ, 4, 128, DType.BF16), text);
     * }</pre>
     *
     * @param text calibration
     */
    public ModelAssert survivesQuantization(Quantization quantization, Text text) {
        isNotNull();
        return survivesQuantization(Setting.asToolsRun(quantization, actual.dtype()), text);
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

    private String provenance(Provenance provenance) {
        return ComparisonChecks.provenance(actual, provenance);
    }
}
