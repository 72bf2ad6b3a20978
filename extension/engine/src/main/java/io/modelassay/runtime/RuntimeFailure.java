package io.modelassay.runtime;

import io.modelassay.checkpoint.Printable;
import org.apiguardian.api.API;

/** Something that the engine cannot do with an artifact, said before the engine is asked, or told by it. */
@API(status = API.Status.EXPERIMENTAL)
public final class RuntimeFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String id;

    RuntimeFailure(String id, String message) {
        super(Printable.lines(message));
        this.id = id;
    }

    RuntimeFailure(String id, String message, Throwable cause) {
        super(Printable.lines(message), cause);
        this.id = id;
    }

    /** A stable kebab-case name of the kind of failure, such as {@code unsupported-dtype}. */
    public String id() {
        return id;
    }
}
