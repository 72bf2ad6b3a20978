package io.modelassay.failure;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** The root of what ModelAssay throws: a {@link Problem} that stops it. The message is the problem's text. */
@API(status = API.Status.EXPERIMENTAL)
public class ModelAssayException extends RuntimeException implements Failing {
    private static final long serialVersionUID = 1L;

    private final Problem details;

    /** A problem that is found, not caused by another exception. */
    public ModelAssayException(Problem details) {
        this(details, null);
    }

    /** A problem that another exception has caused. */
    public ModelAssayException(Problem details, @Nullable Throwable cause) {
        super(details.text(), cause);
        this.details = details;
    }

    @Override
    public final Problem details() {
        return details;
    }

    /** Stable kebab-case name of the kind of problem, such as {@code unsupported-dtype}. */
    public final String id() {
        return details.id().id();
    }
}
