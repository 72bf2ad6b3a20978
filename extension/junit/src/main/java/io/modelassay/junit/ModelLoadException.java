package io.modelassay.junit;

import org.apiguardian.api.API;
import org.junit.platform.commons.JUnitException;

/** A model that a test asked for could not be opened. Its cause is the checkpoint's or the engine's own error. */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelLoadException extends JUnitException {
    private static final long serialVersionUID = 1L;

    ModelLoadException(String message) {
        super(message);
    }

    ModelLoadException(String message, Throwable cause) {
        super(message, cause);
    }
}
