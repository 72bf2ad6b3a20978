package io.modelassay.matrix;

import io.modelassay.checkpoint.JsonText;
import org.jspecify.annotations.Nullable;

/**
 * A line of {@code events.jsonl}, which a cell's JVM writes as its tests go.
 *
 * @param event what happened
 * @param id unique id of the test or container
 * @param parent unique id of what it is in
 * @param name class, method and what tells variants apart
 * @param test whether it is a test, not a container of some
 * @param status how it ended
 * @param message why it did not pass; of the start, the JDK
 * @param trace of what it has thrown
 * @param throwable class of what it has thrown
 * @param seconds how long it took
 * @param lines of the end: how many lines there are before it
 */
record CellEvent(
        Kind event,
        @Nullable String id,
        @Nullable String parent,
        @Nullable String name,
        boolean test,
        @Nullable Status status,
        @Nullable String message,
        @Nullable String trace,
        @Nullable String throwable,
        double seconds,
        long lines) {
    enum Kind {
        RUN_STARTED,
        PLANNED,
        STARTED,
        FINISHED,
        RUN_FINISHED
    }

    enum Status {
        PASSED,
        FAILED,
        ABORTED,
        SKIPPED
    }

    static CellEvent runStarted(String java) {
        return new CellEvent(Kind.RUN_STARTED, null, null, null, false, null, java, null, null, 0, 0);
    }

    static CellEvent planned(String id, @Nullable String parent, String name, boolean test) {
        return new CellEvent(Kind.PLANNED, id, parent, name, test, null, null, null, null, 0, 0);
    }

    static CellEvent started(String id) {
        return new CellEvent(Kind.STARTED, id, null, null, false, null, null, null, null, 0, 0);
    }

    static CellEvent finished(String id, Status status, @Nullable Throwable thrown, double seconds) {
        return new CellEvent(
                Kind.FINISHED,
                id,
                null,
                null,
                false,
                status,
                thrown == null ? "" : ThrowableText.message(thrown),
                thrown == null ? "" : ThrowableText.trace(thrown),
                thrown == null ? null : thrown.getClass().getName(),
                seconds,
                0);
    }

    static CellEvent skipped(String id, String reason) {
        return new CellEvent(Kind.FINISHED, id, null, null, false, Status.SKIPPED, reason, "", null, 0, 0);
    }

    static CellEvent runFinished(long lines) {
        return new CellEvent(Kind.RUN_FINISHED, null, null, null, false, null, null, null, null, 0, lines);
    }

    String line() {
        return JsonText.line(this) + "\n";
    }
}
