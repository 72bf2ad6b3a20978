package io.modelassay.failure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apiguardian.api.API;

/** The problem behind whatever was thrown, of ModelAssay, of the JDK, of a library or of the JVM. */
@API(status = API.Status.INTERNAL)
public final class Problems {
    private static final String REPORT = "a report with the stack trace, which --debug shows on the command line";

    /** The first row that fits counts. */
    private static final List<Row> ROWS = List.of(
            new Row(Failing.class::isInstance, e -> ((Failing) e).details()),
            row(
                    OutOfMemoryError.class,
                    e -> new Problem(
                            GeneralProblem.OUT_OF_MEMORY,
                            "The memory of the JVM is too small: " + Printable.line(e.toString()),
                            "more memory, such as java -Xmx4g")),
            row(
                    StackOverflowError.class,
                    e -> new Problem(
                            GeneralProblem.STACK_OVERFLOW,
                            "The artifact is nested or worded so that the stack of the JVM is too small",
                            "a larger stack, such as java -Xss64m, and " + REPORT)),
            row(
                    LinkageError.class,
                    e -> new Problem(
                            GeneralProblem.LIBRARIES_DO_NOT_FIT,
                            "A library does not fit the others: " + Printable.line(e.toString()),
                            "the libraries of one release")),
            row(Error.class, e -> unexpected(e.toString(), e)),
            row(UncheckedIOException.class, e -> new Problem(GeneralProblem.INPUT_OUTPUT, withCause(e))),
            row(IOException.class, e -> new Problem(GeneralProblem.INPUT_OUTPUT, said(e))),
            // Thrown by name. Subclasses, such as NumberFormatException, are of the JDK's making and nobody's mistake
            // of use.
            exactly(IllegalArgumentException.class, e -> new Problem(GeneralProblem.WRONG_USAGE, said(e))),
            exactly(IllegalStateException.class, e -> new Problem(GeneralProblem.NOT_POSSIBLE, said(e))),
            row(Throwable.class, e -> unexpected(e.getClass().getSimpleName() + ": " + said(e), e)));

    private Problems() {}

    /** What {@code thrown} means. Whatever is not known here is a defect. */
    public static Problem of(Throwable thrown) {
        return ROWS.stream()
                .filter(row -> row.fits.test(thrown))
                .findFirst()
                .orElseThrow()
                .problem
                .apply(thrown);
    }

    private record Row(Predicate<Throwable> fits, Function<Throwable, Problem> problem) {}

    private static Row row(Class<? extends Throwable> type, Function<Throwable, Problem> problem) {
        return new Row(type::isInstance, problem);
    }

    private static Row exactly(Class<? extends Throwable> type, Function<Throwable, Problem> problem) {
        return new Row(e -> e.getClass() == type, problem);
    }

    /** Where its cause is a known problem, the step of that helps. */
    private static Problem unexpected(String what, Throwable thrown) {
        String step =
                thrown.getCause() instanceof Failing known ? known.details().step() : null;
        return new Problem(
                GeneralProblem.UNEXPECTED,
                "Unexpected " + Printable.line(what),
                step == null ? REPORT : Printable.line(step));
    }

    private static String said(Throwable e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private static String withCause(Throwable e) {
        String cause = String.valueOf(e.getCause());
        return said(e).contains(cause) ? said(e) : said(e) + ": " + cause;
    }
}
