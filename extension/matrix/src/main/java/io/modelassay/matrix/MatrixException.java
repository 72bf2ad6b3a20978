package io.modelassay.matrix;

import io.modelassay.checkpoint.Printable;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** A matrix that cannot be planned or run. The message names what is wrong, where, and one next step. */
@API(status = API.Status.EXPERIMENTAL)
public final class MatrixException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final MatrixProblem problem;

    /** A problem that is found, not caused by another. */
    public MatrixException(MatrixProblem problem, String what, String nextStep) {
        this(problem, what, nextStep, null);
    }

    /**
     * A problem of a matrix.
     *
     * @param what what is wrong and where, a sentence without its full stop
     * @param nextStep what to try
     */
    public MatrixException(MatrixProblem problem, String what, String nextStep, @Nullable Throwable cause) {
        super(Printable.lines(what + "\nTry: " + nextStep), cause);
        this.problem = problem;
    }

    /** What is wrong. */
    public MatrixProblem problem() {
        return problem;
    }

    /** Stable kebab-case name of the problem, such as {@code matrix-not-compiled}. */
    public String id() {
        return problem.id();
    }
}
