package io.modelassay.architecture;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Place;
import io.modelassay.failure.Problem;
import org.apiguardian.api.API;

/** A model type, or a feature of it, whose forward pass is not known. Structural checks still work. */
@API(status = API.Status.EXPERIMENTAL)
public final class UnsupportedArchitectureException extends ModelAssayException {
    private static final long serialVersionUID = 1L;

    private final boolean refusedByTransformers;

    UnsupportedArchitectureException(String message, String nextStep) {
        this(message, nextStep, Place.NONE, false);
    }

    private UnsupportedArchitectureException(
            String message, String nextStep, Place place, boolean refusedByTransformers) {
        super(new Problem(ArchitectureProblem.UNSUPPORTED_ARCHITECTURE, message, nextStep, place));
        this.refusedByTransformers = refusedByTransformers;
    }

    /** The value at {@code key} asks for what transformers computes and ModelAssay does not. */
    static UnsupportedArchitectureException notComputed(ModelConfig config, String key, String why) {
        return of(config, key, why, "the structural checks, which need no forward pass", false);
    }

    /** The value at {@code key} asks for what transformers 5 refuses too. */
    static UnsupportedArchitectureException refusedEverywhere(ModelConfig config, String key, String why) {
        return of(config, key, why, "correct the value, or use the config.json that belongs to the checkpoint", true);
    }

    private static UnsupportedArchitectureException of(
            ModelConfig config, String key, String why, String nextStep, boolean refusedByTransformers) {
        return new UnsupportedArchitectureException(
                config.shown(key) + ": " + why + " (" + ArchitectureProblem.UNSUPPORTED_ARCHITECTURE.id() + ")",
                nextStep,
                Place.file(config.file()),
                refusedByTransformers);
    }

    /** Whether transformers 5 refuses the model too; otherwise only ModelAssay cannot compute it. */
    public boolean isRefusedByTransformers() {
        return refusedByTransformers;
    }
}
