package io.modelassay;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.diagnosis.Diagnosis;
import io.modelassay.failure.NotPossibleException;
import io.modelassay.inspection.Inspection;
import io.modelassay.inspection.PaddingReport;
import io.modelassay.inspection.UnusedBias;
import io.modelassay.inspection.UnusedBiases;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.quantizer.Calibration;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tokenizer;
import io.modelassay.values.DecodedPadding;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Owner of one artifact's resources: mapped checkpoint, weights in the engine, tokenizer. Each is made on first use. */
final class LoadedModel implements AutoCloseable {
    private final LoadSettings settings;
    private final Checkpoint checkpoint;
    private final Optional<ModelPlan> plan;
    private final StoredQuantization stored;
    private final Optional<QuantizationPlan> quantization;
    private final @Nullable LoadedModel reference;
    private final ModelValues values;
    private final Once<LanguageModel> model = new Once<>(() -> ModelAssembly.of(this));
    private final Once<Tokenizer> tokenizer = new Once<>(this::loadTokenizer);
    private final Once<Inspection> inspection = new Once<>(() -> Inspection.of(checkpoint()));
    private final Once<List<UnusedBias>> unusedBiases = new Once<>(this::findUnusedBiases);
    private final Once<PaddingReport> paddingReport = new Once<>(() -> DecodedPadding.of(checkpoint(), stored()));
    private final Map<List<String>, Once<Diagnosis>> diagnoses = new ConcurrentHashMap<>();

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
            this.values = new ModelValues(this);
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

    /** The model ready for forward passes; starts the engine. */
    LanguageModel model() {
        return model.get();
    }

    /** Values of the weights, stored and decoded. */
    ModelValues values() {
        return values;
    }

    Inspection inspection() {
        return inspection.get();
    }

    /** Biases that are stored for linear modules whose architecture has none, judged by their values. */
    List<UnusedBias> unusedBiases() {
        return unusedBiases.get();
    }

    private List<UnusedBias> findUnusedBiases() {
        return plan.map(known -> stored.adapt(LoadReport.of(checkpoint, known)))
                .map(report -> UnusedBiases.of(checkpoint, report))
                .orElse(List.of());
    }

    PaddingReport paddingReport() {
        return paddingReport.get();
    }

    Diagnosis diagnosis(Text text, List<int[]> windows) {
        Calibration flowing = new Calibration(text.name(), windows);
        return diagnoses
                .computeIfAbsent(
                        List.of(flowing.name(), flowing.hash()),
                        unused ->
                                new Once<>(() -> Diagnosis.of(checkpoint, flowing, settings.device(), Progress.SILENT)))
                .get();
    }

    int[] tokens(Text text) {
        return text.tokens(tokenizer::get);
    }

    private Tokenizer loadTokenizer() {
        Path file = checkpoint
                .tokenizerFile()
                .orElseThrow(() -> new NotPossibleException(
                        "The checkpoint " + checkpoint.folder()
                                + " has no tokenizer.json, so a text cannot be tokenized",
                        "Text.ofTokens, or save the tokenizer beside the weights"));
        return Tokenizer.load(file);
    }

    @Override
    public void close() {
        model.remove().ifPresent(made -> made.weights().close());
        tokenizer.remove().ifPresent(Tokenizer::close);
        checkpoint.close();
        if (reference != null) {
            reference.close();
        }
    }
}
