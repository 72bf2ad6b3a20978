package io.modelassay.adapter;

import io.modelassay.checkpoint.Printable;
import java.nio.file.Path;
import org.apiguardian.api.API;

/**
 * An adapter that can't be read, or whose config can't mean anything. A damaged weights file or JSON document is a {@link
 * io.modelassay.checkpoint.CheckpointException} instead.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class AdapterException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final AdapterProblem problem;

    AdapterException(AdapterProblem problem, String what, Path file, String nextStep) {
        super(Printable.lines(what + " (" + problem.id() + ")\n  file " + file + "\nTry: " + nextStep));
        this.problem = problem;
    }

    /** What is wrong. */
    public AdapterProblem problem() {
        return problem;
    }

    /** Stable kebab-case name of the problem. */
    public String id() {
        return problem.id();
    }
}
