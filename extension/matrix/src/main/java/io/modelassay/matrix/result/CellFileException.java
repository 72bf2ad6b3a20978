package io.modelassay.matrix.result;

import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Problem;
import java.nio.file.Path;
import org.apiguardian.api.API;

/** A cell's result cannot be read. */
@API(status = API.Status.EXPERIMENTAL)
public final class CellFileException extends ModelAssayException {
    private static final long serialVersionUID = 1;
    private final transient Path file;

    CellFileException(Path file, String problem, Throwable cause) {
        super(
                new Problem(
                        CellFileProblem.MATRIX_RESULT_DAMAGED,
                        "The result of a cell in " + file + " " + problem,
                        "remove the file and run the cell again"),
                cause);
        this.file = file;
    }

    /** The file that cannot be read. */
    public Path file() {
        return file;
    }
}
