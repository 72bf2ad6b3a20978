package io.modelassay.baseline;

import io.modelassay.checkpoint.Printable;
import java.nio.file.Path;
import org.apiguardian.api.API;

/** A baseline's file cannot be read or written; the message says which, why, and what to do. */
@API(status = API.Status.EXPERIMENTAL)
public final class BaselineException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BaselineException(Path file, String problem, String nextStep, Throwable cause) {
        super(Printable.lines("The baseline " + file + " " + problem + "\nTry: " + nextStep), cause);
    }

    BaselineException(Path file, String problem, String nextStep) {
        super(Printable.lines("The baseline " + file + " " + problem + "\nTry: " + nextStep));
    }
}
