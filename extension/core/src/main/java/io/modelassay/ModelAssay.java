package io.modelassay;

import io.modelassay.baseline.Baselines;
import io.modelassay.evaluation.Evaluator;
import io.modelassay.evaluation.Recorder;
import io.modelassay.evaluation.ReferenceCache;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Progress;
import java.nio.file.Path;
import org.apiguardian.api.API;

/**
 * Opens model artifacts without JUnit.
 *
 * <pre>{@code
 * try (ModelUnderTest model = ModelAssay.open(Path.of("models/Qwen2-0.5B"))
 *         .quantize(Quantization.rtn(4, 128))
 *         .on(Device.AUTO)
 *         .load()) {
 *     assertThat(model).hasNoNaNs();
 * }
 * }</pre>
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelAssay {
    private final LoadSettings settings;
    private final Progress progress;

    private ModelAssay(LoadSettings settings, Progress progress) {
        this.settings = settings;
        this.progress = progress;
    }

    /** Starts with the artifact in {@code folder} as it is stored. */
    public static ModelAssay open(Path folder) {
        return new ModelAssay(LoadSettings.of(folder), Progress.SILENT);
    }

    /** Starts with the artifact in {@code folder} as it is stored. */
    public static ModelAssay open(String folder) {
        return open(Path.of(folder));
    }

    /** Starts with settings. */
    public static ModelAssay open(LoadSettings settings) {
        return new ModelAssay(settings, Progress.SILENT);
    }

    /** Applies a quantization after loading. */
    public ModelAssay quantize(Quantization quantization) {
        return new ModelAssay(settings.quantize(quantization), progress);
    }

    /** Compares with the checkpoint in {@code folder}, not with the same checkpoint unquantized. */
    public ModelAssay against(Path folder) {
        return new ModelAssay(settings.against(folder), progress);
    }

    /** Chooses the device. */
    public ModelAssay on(Device device) {
        return new ModelAssay(settings.on(device), progress);
    }

    /** Chooses the compute type. */
    public ModelAssay computingIn(DType dtype) {
        return new ModelAssay(settings.computingIn(dtype), progress);
    }

    /** Tells {@code observer} how far long work has come. */
    public ModelAssay reportingTo(Progress observer) {
        return new ModelAssay(settings, observer);
    }

    /**
     * Opens the artifact: headers and config only. Weights are read, and the engine is started, when a check needs them.
     *
     * @throws io.modelassay.checkpoint.CheckpointException if the artifact cannot be read
     * @throws IllegalArgumentException if a {@code keep} pattern matches no module
     */
    public ModelUnderTest load() {
        return load(new Evaluator(ReferenceCache.standard(), progress, Recorder.NONE));
    }

    /** Opens the artifact, sharing the figures that {@code evaluator} has computed. */
    public ModelUnderTest load(Evaluator evaluator) {
        return load(evaluator, Baselines.standard());
    }

    /** The same with baselines that are not those of the system properties. */
    public ModelUnderTest load(Evaluator evaluator, Baselines baselines) {
        return new ModelUnderTest(new LoadedModel(settings), evaluator, baselines);
    }
}
