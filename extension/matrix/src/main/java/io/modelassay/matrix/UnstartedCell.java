package io.modelassay.matrix;

import io.modelassay.matrix.result.CellOutcome;
import io.modelassay.matrix.result.CellResult;
import io.modelassay.matrix.result.CellResult.Measurement;
import java.util.List;
import java.util.SortedMap;

/** The result of a cell whose JVM has not run. */
final class UnstartedCell {
    private UnstartedCell() {}

    static CellResult result(
            Cell cell, String started, SortedMap<String, String> libraries, CellOutcome outcome, String detail) {
        return new CellResult(
                CellResult.SCHEMA,
                cell.digest(),
                cell.id(),
                cell.suite().name(),
                cell.stack().name(),
                libraries,
                "",
                outcome,
                detail,
                null,
                List.of(),
                new Measurement(started, 0, null, null),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
    }
}
