package io.modelassay.matrix.result;

import io.modelassay.matrix.result.CellResult.Measurement;
import org.jspecify.annotations.Nullable;

/**
 * Time and memory of a cell, for information: another machine load gives other figures, so they decide nothing.
 *
 * @param secondsRatio against the baseline's; {@code null} where one of the two is not known or did not complete
 * @param memoryRatio likewise
 */
record CellCost(@Nullable Double secondsRatio, @Nullable Double memoryRatio) {
    static CellCost of(MatrixResult matrix, CellComparison cell) {
        CellResult before = matrix.cell(cell.suite(), matrix.baseline()).result();
        CellResult here = cell.result();
        if (matrix.isBaseline(cell)
                || before == null
                || here == null
                || before.outcome() != CellOutcome.COMPLETED
                || here.outcome() != CellOutcome.COMPLETED) {
            return new CellCost(null, null);
        }
        Measurement there = before.measured();
        return new CellCost(
                ratio(here.measured().seconds(), there.seconds()), ratio(bytes(here.measured()), bytes(there)));
    }

    private static double bytes(Measurement measured) {
        return measured.peakResidentBytes() == null ? 0 : measured.peakResidentBytes();
    }

    private static @Nullable Double ratio(double here, double there) {
        return here > 0 && there > 0 ? here / there : null;
    }

    boolean isOtherTime() {
        return secondsRatio != null && Noise.isOtherTime(secondsRatio);
    }

    boolean isOtherMemory() {
        return memoryRatio != null && Noise.isOtherMemory(memoryRatio);
    }
}
