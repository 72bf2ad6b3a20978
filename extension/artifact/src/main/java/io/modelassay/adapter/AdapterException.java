package io.modelassay.adapter;

import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Place;
import io.modelassay.failure.Problem;
import java.nio.file.Path;
import org.apiguardian.api.API;

/**
 * An adapter that can't be read, or whose config can't mean anything. A damaged weights file or JSON document is a {@link
 * io.modelassay.checkpoint.CheckpointException} instead.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class AdapterException extends ModelAssayException {
    private static final long serialVersionUID = 1L;

    private final AdapterProblem problem;

    AdapterException(AdapterProblem problem, String what, Path file, String nextStep) {
        super(new Problem(problem, what + " (" + problem.id() + ")", nextStep, Place.file(file)));
        this.problem = problem;
    }

    /** What is wrong. */
    public AdapterProblem problem() {
        return problem;
    }
}
