package io.modelassay.architecture;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Printable;
import org.apiguardian.api.API;

/** A model type, or a feature of it, whose forward pass is not known. Structural checks still work. */
@API(status = API.Status.EXPERIMENTAL)
public final class UnsupportedArchitectureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean refusedByTransformers;

    UnsupportedArchitectureException(String message) {
        this(message, false);
    }

    private UnsupportedArchitectureException(String message, boolean refusedByTransformers) {
        super(Printable.lines(message));
        this.refusedByTransformers = refusedByTransformers;
    }

    /** The value at {@code key} asks for what transformers computes and ModelAssay does not. */
    static UnsupportedArchitectureException notComputed(ModelConfig config, String key, String why) {
        return new UnsupportedArchitectureException(
                message(config, key, why) + "\nTry: the structural checks, which need no forward pass", false);
    }

    /** The value at {@code key} asks for what transformers 5 refuses too. */
    static UnsupportedArchitectureException refusedEverywhere(ModelConfig config, String key, String why) {
        return new UnsupportedArchitectureException(
                message(config, key, why)
                        + "\nTry: correct the value, or use the config.json that belongs to the checkpoint",
                true);
    }

    private static String message(ModelConfig config, String key, String why) {
        return config.shown(key) + ": " + why + " (unsupported-architecture)\n  file " + config.file();
    }

    /** Whether transformers 5 refuses the model too; otherwise only ModelAssay cannot compute it. */
    public boolean isRefusedByTransformers() {
        return refusedByTransformers;
    }
}
