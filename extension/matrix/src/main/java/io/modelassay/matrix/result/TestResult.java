package io.modelassay.matrix.result;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * One test, or one variant of one.
 *
 * @param id JUnit's unique id without its engine part's version: the same in every stack
 * @param name class, method and what tells variants apart
 * @param outcome how it ended
 * @param message why, where it did not pass; may be empty
 * @param trace the throwable's stack trace; may be empty
 * @param throwable class of what it has thrown; {@code null} where nothing was, and in results of earlier versions
 * @param seconds how long it took
 */
@API(status = API.Status.EXPERIMENTAL)
public record TestResult(
        String id,
        String name,
        Outcome outcome,
        String message,
        String trace,
        @Nullable String throwable,
        double seconds) {
    /** How a test ended. */
    public enum Outcome {
        /** It held. */
        PASSED,
        /** It did not hold. */
        FAILED,
        /** An assumption did not hold. */
        ABORTED,
        /** It was disabled. */
        SKIPPED,
        /** The JVM ended while it ran. */
        UNFINISHED,
        /** The JVM ended before it began. */
        NOT_RUN
    }
}
