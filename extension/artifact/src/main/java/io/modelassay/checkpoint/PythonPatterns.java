package io.modelassay.checkpoint;

import io.modelassay.failure.Printable;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.PatternSyntaxException;
import org.apiguardian.api.API;

/**
 * The regular expressions of one file of an artifact. Each is compiled once. Each match, and all matches together, may take
 * so many steps and no more; a file that asks for more is refused.
 */
@API(status = API.Status.INTERNAL)
public final class PythonPatterns {
    /** More than any sensible pattern takes on a name of a thousand characters. */
    private static final int MOST_STEPS = 1_000_000;

    /** Some ten seconds. */
    private static final long MOST_STEPS_IN_ALL = 1_000_000_000;

    private final Refusal refusal;
    private final long mostStepsInAll;
    private final AtomicLong steps = new AtomicLong();
    private final Map<String, PythonPattern> compiled = new ConcurrentHashMap<>();

    PythonPatterns(Refusal refusal, long mostStepsInAll) {
        this.refusal = refusal;
        this.mostStepsInAll = mostStepsInAll;
    }

    /** Says that the file is refused, in the manner of whoever reads it. */
    @FunctionalInterface
    public interface Refusal {
        /** The exception to throw. */
        RuntimeException because(String what, String nextStep);
    }

    /** Those of {@code file}, refused by a {@link CheckpointException} ({@code invalid-pattern}). */
    public static PythonPatterns of(Path file) {
        return of((what, nextStep) -> CheckpointException.of(CheckpointProblem.INVALID_PATTERN, what)
                .file(file)
                .next(nextStep));
    }

    /** Those of a file that is refused by {@code refusal}. */
    public static PythonPatterns of(Refusal refusal) {
        return new PythonPatterns(refusal, MOST_STEPS_IN_ALL);
    }

    /** The pattern {@code regex}, which stands under {@code key}. */
    public PythonPattern compile(String regex, String key) {
        return compiled.computeIfAbsent(regex, unused -> {
            try {
                return new PythonPattern(regex, key, this, PythonSyntax.translate(regex));
            } catch (PatternSyntaxException e) {
                throw refusal.because(
                        key + " holds " + Printable.quote(regex) + ", which is no regular expression: "
                                + Printable.line(e.getDescription()),
                        "correct the pattern; Python's re has to read it");
            } catch (StackOverflowError e) {
                throw refusal.because(
                        key + " holds " + Printable.quote(regex) + ", which is nested too deeply", "a simpler pattern");
            }
        });
    }

    boolean allows(int stepsOfMatch) {
        return stepsOfMatch <= MOST_STEPS && steps.incrementAndGet() <= mostStepsInAll;
    }

    RuntimeException tooCostly(PythonPattern pattern, String name) {
        String what = "The pattern " + Printable.quote(pattern.source()) + " of " + pattern.key();
        return refusal.because(
                steps.get() > mostStepsInAll
                        ? what + " and those before it take more than " + mostStepsInAll
                                + " steps on the names of the modules"
                        : what + " takes more than " + MOST_STEPS + " steps, or more stack than there is, on the name "
                                + Printable.quote(name),
                "a pattern without nested repetition");
    }
}
