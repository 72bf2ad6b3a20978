package io.modelassay.failure;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** An argument that ModelAssay cannot take, with the step that helps. */
@API(status = API.Status.EXPERIMENTAL)
public final class InvalidRequestException extends IllegalArgumentException implements Failing {
    private static final long serialVersionUID = 1L;

    private final Problem details;

    /**
     * An argument that cannot be taken.
     *
     * @param message what is wrong, one sentence without its full stop
     * @param nextStep what to ask for instead
     */
    public InvalidRequestException(String message, String nextStep) {
        this(message, nextStep, null);
    }

    /** As the other, where an exception has told. */
    public InvalidRequestException(String message, String nextStep, @Nullable Throwable cause) {
        this(new Problem(GeneralProblem.WRONG_USAGE, message, nextStep), cause);
    }

    private InvalidRequestException(Problem details, @Nullable Throwable cause) {
        super(details.text(), cause);
        this.details = details;
    }

    @Override
    public Problem details() {
        return details;
    }
}
