package io.modelassay.checkpoint;

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
public final class CheckpointException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final CheckpointProblem problem;
    private final @Nullable String file;
    private final @Nullable String tensor;
    private final long byteOffset;
    private final String nextStep;

    private CheckpointException(Builder from, String nextStep) {
        super(from.message(nextStep), from.cause);
        this.problem = from.problem;
        this.file = from.file == null ? null : from.file.toString();
        this.tensor = from.tensor;
        this.byteOffset = from.byteOffset;
        this.nextStep = nextStep;
    }

    /** What is wrong. */
    public CheckpointProblem problem() {
        return problem;
    }

    /** Stable kebab-case name of the problem, such as {@code overlapping-tensors}. */
    public String id() {
        return problem.id();
    }

    /** The file at fault, if the problem lies in one file. */
    public Optional<Path> file() {
        return Optional.ofNullable(file).map(Path::of);
    }

    /** The tensor at fault, if the problem lies in one tensor; unabridged, unlike in the message. */
    public Optional<String> tensor() {
        return Optional.ofNullable(tensor);
    }

    /** Bytes from the start of {@link #file()} to the fault, where the fault has a place. */
    public OptionalLong byteOffset() {
        return byteOffset < 0 ? OptionalLong.empty() : OptionalLong.of(byteOffset);
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
        private @Nullable Path file;
        private @Nullable String tensor;
        private long byteOffset = -1;
        private @Nullable Throwable cause;

        private Builder(CheckpointProblem problem, String what) {
            this.problem = problem;
            this.what = what;
        }

        Builder file(Path path) {
            this.file = path;
            return this;
        }

        Builder tensor(String name) {
            this.tensor = name;
            return this;
        }

        Builder at(long offset) {
            this.byteOffset = offset;
            return this;
        }

        Builder cause(Throwable throwable) {
            this.cause = throwable;
            return this;
        }

        CheckpointException next(String step) {
            return new CheckpointException(this, step);
        }

        private String message(String nextStep) {
            StringBuilder out = new StringBuilder(Printable.lines(what))
                    .append(" (")
                    .append(problem.id())
                    .append(')');
            if (file != null) {
                out.append("\n  file ").append(Printable.line(file.toString()));
            }
            if (tensor != null) {
                out.append("\n  tensor ").append(quote(tensor));
            }
            if (byteOffset >= 0) {
                out.append("\n  byte offset ").append(byteOffset);
            }
            return out.append("\nTry: ").append(Printable.lines(nextStep)).toString();
        }
    }
}
