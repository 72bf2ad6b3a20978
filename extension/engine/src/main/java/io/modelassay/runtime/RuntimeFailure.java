package io.modelassay.runtime;

import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Place;
import io.modelassay.failure.Problem;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Something that the engine cannot do with an artifact, said before the engine is asked, or told by it. */
@API(status = API.Status.EXPERIMENTAL)
public final class RuntimeFailure extends ModelAssayException {
    private static final long serialVersionUID = 1L;

    private final RuntimeProblem problem;

    RuntimeFailure(RuntimeProblem problem, String message, String nextStep) {
        this(new Problem(problem, message, nextStep), problem, null);
    }

    RuntimeFailure(RuntimeProblem problem, String message, Place place, String nextStep) {
        this(new Problem(problem, message, nextStep, place), problem, null);
    }

    RuntimeFailure(RuntimeProblem problem, String message, String nextStep, Throwable cause) {
        this(new Problem(problem, message, nextStep), problem, cause);
    }

    private RuntimeFailure(Problem details, RuntimeProblem problem, @Nullable Throwable cause) {
        super(details, cause);
        this.problem = problem;
    }

    /** Of a kernel: no step is known that would help whoever runs it. */
    static RuntimeFailure ofKernel(RuntimeProblem problem, String message, @Nullable Throwable cause) {
        return new RuntimeFailure(new Problem(problem, message), problem, cause);
    }

    /** What cannot be done. */
    public RuntimeProblem problem() {
        return problem;
    }
}
