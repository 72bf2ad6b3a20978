package io.modelassay;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ContentHash;
import io.modelassay.failure.InvalidRequestException;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantizer.Calibration;
import io.modelassay.runtime.DecodedWeights;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.QuantizedWeights;
import io.modelassay.runtime.ResidentWeights;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.Weights;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Makes the model that computes out of an artifact: decodes what is stored, and quantizes where that is asked for. */
final class ModelAssembly {
    /** Decoder weights up to this size stay in memory between evaluations. */
    private static final long RESIDENT_BYTES = 256L << 20;

    private static final int CALIBRATION_WINDOW = 512;
    private static final int CALIBRATION_WINDOWS = 128;

    private final LoadedModel artifact;
    private final Checkpoint checkpoint;
    private final Optional<Quantization> applied;

    private ModelAssembly(LoadedModel artifact) {
        this.artifact = artifact;
        this.checkpoint = artifact.checkpoint();
        this.applied = artifact.settings().quantization();
    }

    /** The model ready for forward passes; starts the engine. */
    static LanguageModel of(LoadedModel artifact) {
        return new ModelAssembly(artifact).model();
    }

    private LanguageModel model() {
        ModelPlan known = artifact.plan().orElseGet(() -> Architectures.require(checkpoint));
        known.decoder(); // refused before the engine starts
        artifact.stored().requireKnownFormat();
        TorchEngine engine = TorchEngine.on(artifact.settings().device());
        Optional<Calibration> calibration = calibration();
        Weights weights = weights(calibration, known, engine);
        if (bytes(known) <= RESIDENT_BYTES) {
            weights = new ResidentWeights(weights, engine);
        }
        return new LanguageModel(engine, known, weights, artifact.dtype(), identity(calibration), artifact.name());
    }

    private Weights weights(Optional<Calibration> calibration, ModelPlan known, TorchEngine engine) {
        if (calibration.isPresent()) {
            return new CalibratedWeights(
                    checkpoint, applied.orElseThrow(), calibration.get(), artifact.dtype(), engine);
        }
        Weights weights = new StoredWeights(checkpoint, known, Kernels.conversions(engine));
        if (!artifact.stored().weights().isEmpty()) {
            weights = new DecodedWeights(weights, checkpoint, artifact.stored(), engine);
        }
        return artifact.quantization().isPresent()
                ? new QuantizedWeights(weights, artifact.quantization().get(), engine)
                : weights;
    }

    /** What flows through the model while it is quantized, for methods that look at it. */
    private Optional<Calibration> calibration() {
        return applied.filter(Quantization::needsCalibration).map(method -> {
            Path file = method.calibration()
                    .orElseThrow(() -> new InvalidRequestException(
                            method.label() + " needs a text that flows through the model",
                            "calibration = \"a text file\""));
            if (String.valueOf(file.getFileName()).endsWith(".json")) {
                return Calibration.read(file);
            }
            Text text = Text.of(file);
            return Calibration.ofTokens(text.name(), artifact.tokens(text), CALIBRATION_WINDOW)
                    .first(CALIBRATION_WINDOWS);
        });
    }

    private long bytes(ModelPlan known) {
        long elements = known.parameters().stream()
                .mapToLong(parameter -> parameter.shape().elementCount())
                .sum();
        return elements * artifact.dtype().tensorType().bits() / 8;
    }

    /** Everything that the weights depend on, by content. */
    private String identity(Optional<Calibration> calibration) {
        return checkpoint.contentHash()
                + " declared in " + declarations()
                + applied.map(method -> " as " + method.contentKey()).orElse("")
                + calibration.map(used -> " calibrated on " + used.hash()).orElse("");
    }

    /** Quantizers' own config files decide how weights are decoded, and are no part of the content hash. */
    private String declarations() {
        SortedMap<String, Path> files = new TreeMap<>();
        artifact.stored()
                .configs()
                .forEach(config -> files.put(config.source(), config.values().file()));
        return ContentHash.of(files);
    }
}
