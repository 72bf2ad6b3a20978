package io.modelassay.failure;

import java.io.Serializable;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Why there is no result. Its text is the same in an exception, in a failed test and on the command line.
 *
 * @param id the kind of problem, which tells whose matter it is
 * @param message what is wrong, one sentence without its full stop
 * @param step what to do about it; null where that is not known
 * @param place where it lies
 */
@API(status = API.Status.EXPERIMENTAL)
public record Problem(
        ProblemId id, String message, @Nullable String step, Place place) implements Serializable {
    /** What stands before a next step, in every message. */
    public static final String TRY = "Try: ";

    /** A problem of no place, for which no step is known. */
    public Problem(ProblemId id, String message) {
        this(id, message, null, Place.NONE);
    }

    /** A problem of no place. */
    public Problem(ProblemId id, String message, @Nullable String step) {
        this(id, message, step, Place.NONE);
    }

    /** Whose matter it is. */
    public Audience audience() {
        return id.audience();
    }

    /** What to do about it, where that is known. */
    public Optional<String> nextStep() {
        return Optional.ofNullable(step);
    }

    /** What is wrong, made fit to be printed. */
    public String sentence() {
        return Printable.lines(message);
    }

    /** The {@link #sentence()}, and below it where that is. */
    public String description() {
        return sentence() + place.lines();
    }

    /** The {@link #description()}, and below it the next step. */
    public String text() {
        return step == null ? description() : text(description(), Printable.lines(step));
    }

    /** What is wrong, and below it what to do about it. */
    public static String text(String description, String nextStep) {
        return description + "\n" + TRY + nextStep;
    }
}
