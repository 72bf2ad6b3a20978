package io.modelassay;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ContentHash;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.diagnosis.Diagnosis;
import io.modelassay.failure.InvalidRequestException;
import io.modelassay.failure.NotPossibleException;
import io.modelassay.inspection.Inspection;
import io.modelassay.inspection.PaddingReport;
import io.modelassay.inspection.UnusedBias;
import io.modelassay.inspection.UnusedBiases;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.quantizer.Calibration;
import io.modelassay.runtime.ActivationKernels;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.DecodedWeights;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.QuantizedWeights;
import io.modelassay.runtime.ResidentWeights;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.Tokenizer;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.Weights;
import io.modelassay.values.DecodedPadding;
import io.modelassay.values.DecodedScan;
import io.modelassay.values.WeightSanity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Owner of one artifact's resources: mapped checkpoint, weights in the engine, tokenizer. Each is made on first use. */
final class LoadedModel implements AutoCloseable {
    /** Decoder weights up to this size stay in memory between evaluations. */
    private static final long RESIDENT_BYTES = 256L << 20;

    private static final int CALIBRATION_WINDOW = 512;
    private static final int CALIBRATION_WINDOWS = 128;

    private final LoadSettings settings;
    private final Checkpoint checkpoint;
    private final Optional<ModelPlan> plan;
    private final StoredQuantization stored;
    private final Optional<QuantizationPlan> quantization;
    private final @Nullable LoadedModel reference;
    private @Nullable LanguageModel model;
    private final Map<List<String>, Diagnosis> diagnoses = new HashMap<>();
    private @Nullable Inspection inspection;
    private @Nullable ScanReport storedScan;
    private @Nullable List<TensorScan> decodedScan;
    private @Nullable List<Finding> weightFindings;
    private @Nullable List<UnusedBias> unusedBiases;
    private @Nullable PaddingReport paddingReport;
    private @Nullable Tokenizer tokenizer;

    LoadedModel(LoadSettings settings) {
        this.settings = settings;
        this.checkpoint = Checkpoint.open(settings.folder());
        try {
            this.plan = Architectures.find(checkpoint);
            this.stored = StoredQuantization.of(checkpoint, plan);
            this.quantization = settings.quantization()
                    .map(applied -> QuantizationPlan.of(applied, Architectures.require(checkpoint)));
            this.reference =
                    settings.quantization().isPresent() || settings.reference().isPresent()
                            ? new LoadedModel(settings.referenceSettings())
                            : null;
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    LoadSettings settings() {
        return settings;
    }

    Checkpoint checkpoint() {
        return checkpoint;
    }

    Optional<ModelPlan> plan() {
        return plan;
    }

    StoredQuantization stored() {
        return stored;
    }

    Optional<QuantizationPlan> quantization() {
        return quantization;
    }

    /** The model this one is compared with; itself where there is no other. */
    LoadedModel reference() {
        return reference == null ? this : reference;
    }

    /** The compute type, resolved. */
    DType dtype() {
        return settings.dtype().resolve(checkpoint.config());
    }

    /** The model ready for forward passes; starts the engine. */
    synchronized LanguageModel model() {
        if (model == null) {
            ModelPlan known = plan.orElseGet(() -> Architectures.require(checkpoint));
            known.decoder(); // refused before the engine starts
            stored.requireKnownFormat();
            TorchEngine engine = TorchEngine.on(settings.device());
            Optional<Calibration> calibration = calibration();
            Weights weights = weights(calibration, known, engine);
            if (bytes(known) <= RESIDENT_BYTES) {
                weights = new ResidentWeights(weights, engine);
            }
            model = new LanguageModel(engine, known, weights, dtype(), identity(calibration), name());
        }
        return model;
    }

    /** Everything that the weights depend on, by content. */
    private String identity(Optional<Calibration> calibration) {
        return checkpoint.contentHash()
                + " declared in " + declarations()
                + settings.quantization()
                        .map(applied -> " as " + applied.contentKey())
                        .orElse("")
                + calibration.map(used -> " calibrated on " + used.hash()).orElse("");
    }

    /** Quantizers' own config files decide how weights are decoded, and are no part of the content hash. */
    private String declarations() {
        SortedMap<String, Path> files = new TreeMap<>();
        stored.configs()
                .forEach(config -> files.put(config.source(), config.values().file()));
        return ContentHash.of(files);
    }

    String folderName() {
        return String.valueOf(settings.folder().getFileName());
    }

    /** The folder's name, with the quantization where there is one: {@code Qwen2-0.5B as int4 g128 RTN}. */
    String name() {
        String folder = folderName();
        return settings.quantization()
                .map(applied -> folder + " as " + applied.label())
                .orElse(folder);
    }

    private Weights weights(Optional<Calibration> calibration, ModelPlan known, TorchEngine engine) {
        if (calibration.isPresent()) {
            Quantization applied = settings.quantization().orElseThrow();
            return new CalibratedWeights(checkpoint, applied, calibration.get(), dtype(), engine);
        }
        Weights weights = new StoredWeights(checkpoint, known, Kernels.conversions(engine));
        if (!stored.weights().isEmpty()) {
            weights = new DecodedWeights(weights, checkpoint, stored, engine);
        }
        return quantization.isPresent() ? new QuantizedWeights(weights, quantization.get(), engine) : weights;
    }

    /** What flows through the model while it is quantized, for methods that look at it. */
    private Optional<Calibration> calibration() {
        return settings.quantization().filter(Quantization::needsCalibration).map(applied -> {
            Path file = applied.calibration()
                    .orElseThrow(() -> new InvalidRequestException(
                            applied.label() + " needs a text that flows through the model",
                            "calibration = \"a text file\""));
            if (String.valueOf(file.getFileName()).endsWith(".json")) {
                return Calibration.read(file);
            }
            Text text = Text.of(file);
            return Calibration.ofTokens(text.name(), tokens(text), CALIBRATION_WINDOW)
                    .first(CALIBRATION_WINDOWS);
        });
    }

    /** The model with the unused biases added; shares this model's weights. */
    LanguageModel modelWithUnusedBiases() {
        LanguageModel plain = model();
        ModelPlan known = plain.plan();
        List<Parameter> biases = unusedBiases().stream()
                .map(bias -> new Parameter(
                        known.resolve(bias.name()),
                        known.resolve(bias.module()),
                        Shape.of(bias.count()),
                        Parameter.Kind.BIAS,
                        true))
                .toList();
        return new LanguageModel(
                plain.engine(),
                plain.plan().with(biases),
                plain.weights(),
                plain.dtype(),
                plain.identity() + " with unused biases",
                plain.name());
    }

    /** The Euclidean norm of the bias of {@code module}, as {@code with} loads it. */
    double biasNorm(LanguageModel with, String module) {
        Parameter bias = with.plan().parameter(module + ".bias").orElseThrow();
        try (Tensor values = with.weights().load(bias, DType.FP32)) {
            return new ActivationKernels(with.engine()).norm(values);
        }
    }

    /** Biases that are stored for linear modules whose architecture has none, judged by their values. */
    synchronized List<UnusedBias> unusedBiases() {
        if (unusedBiases == null) {
            unusedBiases = plan.map(known -> stored.adapt(LoadReport.of(checkpoint, known)))
                    .map(report -> UnusedBiases.of(checkpoint, report))
                    .orElse(List.of());
        }
        return unusedBiases;
    }

    synchronized PaddingReport paddingReport() {
        if (paddingReport == null) {
            paddingReport = DecodedPadding.of(checkpoint, stored);
        }
        return paddingReport;
    }

    private long bytes(ModelPlan known) {
        long elements = known.parameters().stream()
                .mapToLong(parameter -> parameter.shape().elementCount())
                .sum();
        return elements * dtype().tensorType().bits() / 8;
    }

    synchronized Inspection inspection() {
        if (inspection == null) {
            inspection = Inspection.of(checkpoint);
        }
        return inspection;
    }

    synchronized ScanReport storedScan() {
        if (storedScan == null) {
            stored.requireKnownFormat();
            storedScan = ValueScan.create().scan(checkpoint, stored.numbers());
        }
        return storedScan;
    }

    /** What is stored quantized as its own library decodes it; then what is quantized after loading, as it computes. */
    synchronized List<TensorScan> decodedScan() {
        if (decodedScan == null) {
            List<TensorScan> scans = new ArrayList<>();
            if (!stored.weights().isEmpty()) {
                scans.addAll(
                        DecodedScan.tensors(checkpoint, stored, TorchEngine.on(settings.device()), Progress.SILENT));
            }
            quantization.ifPresent(applied -> model().plan().parameters().stream()
                    .filter(parameter -> applied.settings(parameter).isPresent())
                    .map(this::decoded)
                    .forEach(scans::add));
            decodedScan = List.copyOf(scans);
        }
        return decodedScan;
    }

    /** What the values of the weights show to be wrong, beside the reference too where there is another checkpoint. */
    synchronized List<Finding> weightFindings() {
        if (weightFindings == null) {
            TorchEngine engine = TorchEngine.on(settings.device());
            List<Finding> findings = new ArrayList<>(WeightSanity.ofParts(checkpoint, stored, engine));
            if (reference != null && settings.reference().isPresent()) {
                findings.addAll(
                        WeightSanity.against(reference.checkpoint(), checkpoint, stored, engine, Progress.SILENT));
            }
            List<TensorScan> scans = new ArrayList<>(storedScan().tensors());
            scans.removeIf(scan -> stored.explains(scan.name()));
            scans.addAll(decodedScan());
            findings.addAll(WeightSanity.ofMagnitudes(scans));
            weightFindings = List.copyOf(findings);
        }
        return weightFindings;
    }

    synchronized Diagnosis diagnosis(Text text, List<int[]> windows) {
        Calibration flowing = new Calibration(text.name(), windows);
        return diagnoses.computeIfAbsent(
                List.of(flowing.name(), flowing.hash()),
                unused -> Diagnosis.of(checkpoint, flowing, settings.device(), Progress.SILENT));
    }

    private TensorScan decoded(Parameter parameter) {
        LanguageModel ready = model();
        try (Tensor weight = ready.weights().load(parameter, ready.dtype())) {
            return ValueScan.scan(
                    parameter.name(),
                    ready.dtype().tensorType(),
                    parameter.shape(),
                    Kernels.conversions(ready.engine()).bytes(weight));
        }
    }

    int[] tokens(Text text) {
        return text.tokens(this::tokenizer);
    }

    private synchronized Tokenizer tokenizer() {
        if (tokenizer == null) {
            Path file = checkpoint
                    .tokenizerFile()
                    .orElseThrow(() -> new NotPossibleException(
                            "The checkpoint " + checkpoint.folder()
                                    + " has no tokenizer.json, so a text cannot be tokenized",
                            "Text.ofTokens, or save the tokenizer beside the weights"));
            tokenizer = Tokenizer.load(file);
        }
        return tokenizer;
    }

    @Override
    public synchronized void close() {
        if (model != null) {
            model.weights().close();
            model = null;
        }
        if (tokenizer != null) {
            tokenizer.close();
            tokenizer = null;
        }
        checkpoint.close();
        if (reference != null) {
            reference.close();
        }
    }
}
