package io.modelassay.baseline;

import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Problem;
import java.nio.file.Path;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** A baseline's file cannot be read or written; the message says which, why, and what to do. */
@API(status = API.Status.EXPERIMENTAL)
public final class BaselineException extends ModelAssayException {
    private static final long serialVersionUID = 1L;

    BaselineException(Path file, String problem, String nextStep) {
        this(file, problem, nextStep, null);
    }

    BaselineException(Path file, String problem, String nextStep, @Nullable Throwable cause) {
        super(new Problem(BaselineProblem.BASELINE_UNUSABLE, "The baseline " + file + " " + problem, nextStep), cause);
    }
}
