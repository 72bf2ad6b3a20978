package io.modelassay;

import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.IntegerGradient;
import io.modelassay.adapter.IntegerGradients;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.LoaderRules;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.baseline.Baselines;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.compatibility.TensorParallel;
import io.modelassay.diagnosis.Diagnosis;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.DefaultLimits;
import io.modelassay.evaluation.Evaluator;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.NonFiniteActivation;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Protocol;
import io.modelassay.evaluation.Provenance;
import io.modelassay.evaluation.Subject;
import io.modelassay.evaluation.TrainingBatch;
import io.modelassay.evaluation.TrainingStep;
import io.modelassay.failure.NotPossibleException;
import io.modelassay.inspection.Inspection;
import io.modelassay.inspection.PaddingReport;
import io.modelassay.inspection.UnusedBias;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.quantizer.WeightErrors;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.OutputErrors;
import io.modelassay.runtime.PaddedBatch;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;
import org.apiguardian.api.API;

/**
 * A model artifact under test: its checkpoint, with a quantization applied or as it is stored, and the figures it gives.
 *
 * <p>A light view: weights are shared, read when a check needs them, and every figure is computed once.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelUnderTest implements AutoCloseable {
    private final LoadedModel loaded;
    private final Evaluator evaluator;
    private final Baselines baselines;
    private final Optional<AdaptedModel> adapted;

    ModelUnderTest(LoadedModel loaded, Evaluator evaluator, Baselines baselines) {
        this(loaded, evaluator, baselines, Optional.empty());
    }

    private ModelUnderTest(
            LoadedModel loaded, Evaluator evaluator, Baselines baselines, Optional<AdaptedModel> adapted) {
        this.loaded = loaded;
        this.evaluator = evaluator;
        this.baselines = baselines;
        this.adapted = adapted;
    }

    /**
     * This model with {@code adapter} beside its weights, as PEFT computes it unmerged. Its {@link #reference} is this
     * model, which still owns what both use; the adapter stays its owner's to close.
     *
     * @throws io.modelassay.adapter.AdapterException if the adapter does not fit, or is not computed here
     */
    public ModelUnderTest withAdapter(PeftAdapter adapter) {
        return new ModelUnderTest(loaded, evaluator, baselines, Optional.of(AdaptedModel.beside(base(), adapter)));
    }

    /**
     * This model with {@code adapter} merged into its weights, as PEFT's {@code merge_and_unload} does: in float32, then
     * rounded to the compute type; into quantized weights by quantizing again. Otherwise as {@link #withAdapter}.
     *
     * @throws io.modelassay.adapter.AdapterException if the adapter does not fit, or is not computed here
     * @throws io.modelassay.runtime.RuntimeFailure {@code not-mergeable} if PEFT can't merge into weights stored so
     */
    public ModelUnderTest withMergedAdapter(PeftAdapter adapter) {
        return new ModelUnderTest(loaded, evaluator, baselines, Optional.of(AdaptedModel.merged(base(), adapter)));
    }

    /**
     * What merging {@code adapter} into this model loses on {@code text}: the merged model against the unmerged one, token by
     * token.
     *
     * @throws io.modelassay.runtime.RuntimeFailure {@code not-mergeable} as {@link #withMergedAdapter}
     */
    public Comparison mergeLoss(PeftAdapter adapter, Text text) {
        ModelUnderTest merged = withMergedAdapter(adapter);
        Comparison comparison =
                evaluator.compare(withAdapter(adapter).language(), merged.language(), tokens(text), protocol());
        evaluator
                .recorder()
                .compared(merged.subject().named(merged.name() + " against unmerged"), text.name(), comparison);
        return comparison;
    }

    private LoadedModel base() {
        if (adapted.isPresent()) {
            throw new NotPossibleException(
                    "The model " + name() + " has an adapter already",
                    "reference().withAdapter(…), one adapter at a time");
        }
        return loaded;
    }

    private LanguageModel language() {
        return adapted.map(AdaptedModel::model).orElseGet(loaded::model);
    }

    /** The adapter that acts, if there is one. */
    public Optional<PeftAdapter> adapter() {
        return adapted.map(AdaptedModel::adapter);
    }

    /** The folder's name, with the quantization where there is one: {@code Qwen2-0.5B as int4 g128 RTN}. */
    public String name() {
        return adapted.map(with -> loaded.name() + with.label()).orElseGet(loaded::name);
    }

    /** What figures of this model are of: its {@link #name} and, as data, what the name stands for. */
    public Subject subject() {
        return new Subject(
                name(),
                loaded.folderName(),
                quantization().map(Quantization::label).orElse(null),
                adapter().map(PeftAdapter::name).orElse(null),
                quantization().map(Quantization::needsCalibration).orElse(false));
    }

    /** What is on disk. */
    public Checkpoint checkpoint() {
        return loaded.checkpoint();
    }

    /** {@code config.json}. */
    public ModelConfig config() {
        return loaded.checkpoint().config();
    }

    /**
     * What drift is measured against: of a model with an adapter the model without it, otherwise the unquantized twin;
     * this model itself where there is none.
     */
    public ModelUnderTest reference() {
        if (adapted.isPresent()) {
            return new ModelUnderTest(loaded, evaluator, baselines);
        }
        return loaded.reference() == loaded ? this : new ModelUnderTest(loaded.reference(), evaluator, baselines);
    }

    /** The quantization that is applied after loading, if any. */
    public Optional<Quantization> quantization() {
        return loaded.settings().quantization();
    }

    /** Whether an adapter acts that is merged into the weights. */
    public boolean mergesAdapter() {
        return adapted.map(AdaptedModel::isMerged).orElse(false);
    }

    /**
     * The limits of the quantization that is applied, or that the artifact is stored in; empty where nothing is quantized, for
     * schemes that have limits at no size of a model, and where an adapter acts, whose effect no quantization limits.
     */
    public Optional<DefaultLimits> defaultLimits() {
        if (adapted.isPresent()) {
            return Optional.empty();
        }
        long parameters = plan().stream()
                .flatMap(known -> known.parameters().stream())
                .mapToLong(parameter -> parameter.shape().elementCount())
                .sum();
        return quantization().isPresent()
                ? quantization().filter(DefaultLimits::know).map(applied -> DefaultLimits.of(applied, parameters))
                : DefaultLimits.of(storedQuantization(), parameters);
    }

    /** What the model is quantized as, by the test or on disk, such as {@code int4 g128 RTN}; {@code unquantized} otherwise. */
    public String quantizationLabel() {
        return quantization()
                .map(Quantization::label)
                .orElseGet(() -> storedQuantization().label());
    }

    /** The device that runs; starts the engine. */
    public Device device() {
        return loaded.model().engine().device();
    }

    /** The compute type, resolved. */
    public DType dtype() {
        return loaded.dtype();
    }

    /** Where this model's figures come from; starts the engine. */
    public Provenance provenance() {
        return new Provenance(device(), dtype(), loaded.model().engine().version());
    }

    /** The architecture, where its model type is known. */
    public Optional<ModelPlan> plan() {
        return loaded.plan();
    }

    /** Whether the weight of {@code module} goes through the quantization that is applied. */
    public boolean quantizes(String module) {
        String name = loaded.plan().map(plan -> plan.resolve(module)).orElse(module);
        return loaded.quantization().map(applied -> applied.quantizes(name)).orElse(false);
    }

    /** The quantization that the artifact is stored in, if any; nothing of it is decoded for this. */
    public StoredQuantization storedQuantization() {
        return loaded.stored();
    }

    /**
     * Expected against stored tensors, from headers alone.
     *
     * @throws io.modelassay.architecture.UnsupportedArchitectureException if the model type is not known
     */
    public LoadReport loadReport() {
        return loadReport(LoaderRules.standard());
    }

    /**
     * Expected against stored tensors as a certain loader compares them, from headers alone.
     *
     * @throws io.modelassay.architecture.UnsupportedArchitectureException if the model type is not known
     */
    public LoadReport loadReport(LoaderRules rules) {
        ModelPlan plan = loaded.plan().orElseGet(() -> Architectures.require(checkpoint()));
        loaded.stored().requireKnownFormat();
        return loaded.stored().adapt(LoadReport.of(checkpoint(), plan, rules));
    }

    /** What is wrong or odd about what is on disk; the findings of an {@link Inspection}. */
    public List<Finding> findings() {
        return loaded.inspection().findings();
    }

    /** Biases that are stored for modules whose architecture has none, judged by their values; engine-free. */
    public List<UnusedBias> unusedBiases() {
        return loaded.unusedBiases();
    }

    /** Whether the MLPs are padded, and rightly; where they are stored quantized, the engine decodes one layer or all. */
    public PaddingReport paddingReport() {
        return loaded.paddingReport();
    }

    /** Among how many ranks vLLM can divide the artifact as it is stored; from headers alone. */
    public TensorParallel tensorParallel() {
        return TensorParallel.of(checkpoint(), storedQuantization());
    }

    /** What dropping the unused biases does on {@code text}: a forward pass with and one without them. */
    public BiasEffect biasEffect(Text text) {
        return BiasEffect.of(loaded, evaluator, tokens(text), protocol());
    }

    /** Token ids of {@code text} by this model's tokenizer. */
    public int[] tokens(Text text) {
        return loaded.tokens(text);
    }

    /** The protocol for texts: windows of the model's context, at most 2048 tokens. */
    public Protocol protocol() {
        return Protocol.forContext(loaded.model().plan().decoder().maxPositions());
    }

    /**
     * Logits of every position of one window.
     *
     * @param tokenIds the window
     * @return {@code [tokens][vocabulary]}
     */
    public float[][] logits(int... tokenIds) {
        return logits(List.of(tokenIds));
    }

    /** Logits of every position of {@code windows}, {@code [tokens][vocabulary]}. */
    public float[][] logits(List<int[]> windows) {
        return evaluator.logits(language(), windows);
    }

    /**
     * Hands the logits of every position of {@code windows} to {@code rows}, float32 {@code [positions][vocabulary]},
     * little-endian, some rows at a time; for logits that memory would not hold. A buffer is valid during the call only.
     */
    public void logits(List<int[]> windows, Consumer<ByteBuffer> rows) {
        evaluator.logits(language(), windows, rows);
    }

    /** Logits of the tokens, but not of the padding, of each prompt of {@code batch}, {@code [positions][vocabulary]}. */
    public List<float[][]> logits(PaddedBatch batch) {
        return evaluator.logits(language(), batch);
    }

    /** Perplexity over {@code text} under {@link #protocol}. */
    public Perplexity perplexity(Text text) {
        return perplexity(text, protocol());
    }

    /** Perplexity over {@code text} under {@code protocol}. */
    public Perplexity perplexity(Text text, Protocol protocol) {
        int[] tokens = tokens(text);
        Perplexity perplexity = evaluator.perplexity(language(), tokens, protocol);
        evaluator.recorder().measured(subject(), text.name(), perplexity);
        trace(language(), text, tokens, protocol);
        return perplexity;
    }

    /** This model against its {@link #reference} over {@code text}, token by token. */
    public Comparison comparison(Text text) {
        return comparison(text, protocol());
    }

    /** This model against its {@link #reference} over {@code text} under {@code protocol}. */
    public Comparison comparison(Text text, Protocol protocol) {
        int[] tokens = tokens(text);
        Comparison comparison = evaluator.compare(reference().language(), language(), tokens, protocol);
        evaluator.recorder().compared(subject(), text.name(), comparison);
        trace(language(), text, tokens, protocol);
        return comparison;
    }

    private void trace(LanguageModel model, Text text, int[] tokens, Protocol protocol) {
        if (evaluator.recorder().tracesModels()) {
            evaluator.recorder().traced(subject(), text.name(), provenance(), evaluator.trace(model, tokens, protocol));
        }
    }

    /**
     * Relative output error of each linear module on the first window of {@code text}, with the reference's inputs,
     * largest first.
     */
    public List<OutputErrors.ModuleError> outputErrors(Text text) {
        LanguageModel subject = adapted.map(AdaptedModel::inWeights).orElseGet(loaded::model);
        return evaluator.outputErrors(reference().language(), subject, tokens(text), protocol());
    }

    /**
     * Squared error of each linear module's weight as a share of its squares, at each of {@code quantizations}: of this
     * model's reference, without an adapter.
     */
    public SortedMap<String, List<Double>> weightErrors(List<Quantization> quantizations) {
        return WeightErrors.of(loaded.reference().model(), quantizations);
    }

    /** NaN, infinities and magnitudes of the stored tensors. */
    public ScanReport storedScan() {
        return loaded.values().storedScan();
    }

    /** The same of quantized weights after decoding, stored so or made so after loading; empty where there is none. */
    public List<TensorScan> decodedScan() {
        return loaded.values().decodedScan();
    }

    /**
     * What the values of the weights show to be wrong: scales that no quantizer writes, dead and exploding modules, and,
     * where the artifact has another checkpoint as reference, weights that do not decode to what they were made from.
     */
    public List<Finding> weightFindings() {
        return loaded.values().findings();
    }

    /** Tells whoever keeps this run's figures, such as the report, of a check that was made. */
    public void record(Figure figure) {
        evaluator.recorder().checked(figure);
    }

    /** The approved figures that this run compares with. */
    public Baselines baselines() {
        return baselines;
    }

    /** The first NaN or infinity in a forward pass over {@code text}, if there is one. */
    public Optional<NonFiniteActivation> firstNonFiniteActivation(Text text) {
        return evaluator.firstNonFinite(language(), tokens(text), protocol());
    }

    /**
     * Whether the checkpoint survives being quantized, measured over {@code text} in windows of {@link #protocol}. A
     * quantization that is applied, or an adapter, plays no part.
     */
    public Diagnosis diagnosis(Text text) {
        return loaded.diagnosis(text, protocol().windows(tokens(text)));
    }

    /** Integer tensors that training {@code adapter} on this model would require gradients for. Reads headers only. */
    public List<IntegerGradient> integerGradients(PeftAdapter adapter) {
        return IntegerGradients.of(adapter, storedQuantization(), this::quantizes, plan());
    }

    /**
     * A step of training {@code adapter} beside this model's weights, on {@link TrainingBatch#of(AdapterPlan, int) tokens
     * drawn from a seed}. Model and adapter stay as they are.
     *
     * @throws io.modelassay.adapter.AdapterException if the adapter does not fit, or is not computed here
     */
    public TrainingStep trainingStep(PeftAdapter adapter) {
        LanguageModel base = base().model();
        AdapterPlan plan = AdapterPlan.of(adapter, base.plan());
        return TrainingStep.of(
                base, plan, TrainingBatch.of(plan, base.plan().decoder().vocabularySize()));
    }

    /** The same on the first tokens of {@code text}, two windows of 64 at most. */
    public TrainingStep trainingStep(PeftAdapter adapter, Text text) {
        LanguageModel base = base().model();
        return TrainingStep.of(base, AdapterPlan.of(adapter, base.plan()), TrainingBatch.of(tokens(text)));
    }

    /** Closes mapped files and frees native memory; only whoever loaded the model does this, nothing with an adapter. */
    @Override
    public void close() {
        if (adapted.isEmpty()) {
            loaded.close();
        }
    }

    /** Name and compute type. */
    @Override
    public String toString() {
        return name() + " (" + dtype().name().toLowerCase(Locale.ROOT) + ")";
    }
}
