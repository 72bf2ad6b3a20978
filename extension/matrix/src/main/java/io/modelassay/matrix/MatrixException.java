package io.modelassay.matrix;

import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Problem;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** A matrix that cannot be planned or run. The message names what is wrong, where, and one next step. */
@API(status = API.Status.EXPERIMENTAL)
public final class MatrixException extends ModelAssayException {
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
        super(new Problem(problem, what, nextStep), cause);
        this.problem = problem;
    }

    /** What is wrong. */
    public MatrixProblem problem() {
        return problem;
    }
}
