package io.modelassay.matrix.spark;

import io.modelassay.matrix.MatrixException;
import io.modelassay.matrix.result.CellOutcome;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * What an executor tells the driver of a cell; the result itself lies in the report.
 *
 * @param outcome how it ended; {@code null} where its suite cannot be run in any stack
 * @param refusal why it cannot
 */
record CellAnswer(
        String cell,
        @Nullable CellOutcome outcome,
        @Nullable MatrixException refusal) implements Serializable {
    static CellAnswer ended(String cell, CellOutcome outcome) {
        return new CellAnswer(cell, outcome, null);
    }

    static CellAnswer refused(String cell, MatrixException refusal) {
        return new CellAnswer(cell, null, refusal);
    }
}
