package io.modelassay.junit;

import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Problem;
import io.modelassay.failure.Problems;
import org.apiguardian.api.API;

/** A model that a test asked for could not be opened. Its cause is the checkpoint's or the engine's own error. */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelLoadException extends ModelAssayException {
    private static final long serialVersionUID = 1L;

    ModelLoadException(JUnitProblem problem, String message, String nextStep) {
        super(new Problem(problem, message, nextStep));
    }

    ModelLoadException(String message, Throwable cause) {
        super(new Problem(JUnitProblem.MODEL_NOT_LOADED, message), cause);
    }

    /** Says what {@code cause} says. */
    ModelLoadException(Throwable cause) {
        super(Problems.of(cause), cause);
    }
}
