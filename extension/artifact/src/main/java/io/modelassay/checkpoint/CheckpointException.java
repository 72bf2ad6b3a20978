package io.modelassay.checkpoint;

import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Place;
import io.modelassay.failure.Printable;
import io.modelassay.failure.Problem;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint that can't be read, or can't be used as asked. The message names what is wrong, the file, the tensor and
 * the byte offset where there is one, and one next step.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class CheckpointException extends ModelAssayException {

    private static final long serialVersionUID = 1L;

    private final CheckpointProblem problem;
    private final String nextStep;

    private CheckpointException(Builder from, String nextStep) {
        super(new Problem(from.problem, from.what + " (" + from.problem.id() + ")", nextStep, from.place), from.cause);
        this.problem = from.problem;
        this.nextStep = nextStep;
    }

    /** What is wrong. */
    public CheckpointProblem problem() {
        return problem;
    }

    /** The file at fault, if the problem lies in one file. */
    public Optional<Path> file() {
        return details().place().file();
    }

    /** The tensor at fault, if the problem lies in one tensor; unabridged, unlike in the message. */
    public Optional<String> tensor() {
        return details().place().tensor();
    }

    /** Bytes from the start of {@link #file()} to the fault, where the fault has a place. */
    public OptionalLong byteOffset() {
        return details().place().byteOffset();
    }

    /** What to do about it. */
    public String nextStep() {
        return nextStep;
    }

    static Builder of(CheckpointProblem problem, String what) {
        return new Builder(problem, what);
    }

    /**
     * Text from a file, made fit for a message: control characters escaped, and cut where a hostile file would flood the
     * log.
     */
    static String quote(String text) {
        return Printable.quote(text);
    }

    /** Collects the parts; {@link #next} ends it. */
    static final class Builder {
        private final CheckpointProblem problem;
        private final String what;
        private Place place = Place.NONE;
        private @Nullable Throwable cause;

        private Builder(CheckpointProblem problem, String what) {
            this.problem = problem;
            this.what = what;
        }

        Builder file(Path path) {
            this.place = place.inFile(path);
            return this;
        }

        Builder tensor(String name) {
            this.place = place.inTensor(name);
            return this;
        }

        Builder at(long offset) {
            this.place = place.at(offset);
            return this;
        }

        Builder cause(Throwable throwable) {
            this.cause = throwable;
            return this;
        }

        CheckpointException next(String step) {
            return new CheckpointException(this, step);
        }
    }
}
