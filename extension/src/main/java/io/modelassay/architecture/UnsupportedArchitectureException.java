package io.modelassay.architecture;

import io.modelassay.checkpoint.Printable;
import org.apiguardian.api.API;

/** A model type, or a feature of it, whose forward pass is not known. Structural checks still work. */
@API(status = API.Status.EXPERIMENTAL)
public final class UnsupportedArchitectureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnsupportedArchitectureException(String message) {
        super(Printable.lines(message));
    }
}
