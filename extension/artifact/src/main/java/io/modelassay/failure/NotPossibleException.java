package io.modelassay.failure;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Something that cannot be done with this artifact, or not in this state, with the step that helps. */
@API(status = API.Status.EXPERIMENTAL)
public final class NotPossibleException extends IllegalStateException implements Failing {
    private static final long serialVersionUID = 1L;

    private final Problem details;

    /**
     * What cannot be done.
     *
     * @param message what is wrong, one sentence without its full stop
     * @param nextStep what to do about it
     */
    public NotPossibleException(String message, String nextStep) {
        this(message, nextStep, null);
    }

    /** As the other, where an exception has told. */
    public NotPossibleException(String message, String nextStep, @Nullable Throwable cause) {
        this(new Problem(GeneralProblem.NOT_POSSIBLE, message, nextStep), cause);
    }

    private NotPossibleException(Problem details, @Nullable Throwable cause) {
        super(details.text(), cause);
        this.details = details;
    }

    @Override
    public Problem details() {
        return details;
    }
}
