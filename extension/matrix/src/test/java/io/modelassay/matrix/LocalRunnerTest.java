package io.modelassay.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.matrix.result.CellOutcome;
import io.modelassay.matrix.result.CellResult;
import io.modelassay.runtime.Progress;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LocalRunnerTest {
    private static final long MIB = 1 << 20;

    private static List<Cell> cells(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Cell(
                        "cell" + i,
                        MatrixSuites.of(CellSuites.Healthy.class),
                        MatrixSuites.OWN,
                        MatrixSuites.settings(10, 100 * (1 + i % 3), 64),
                        false,
                        ""))
                .toList();
    }

    @Test
    void theLimitsOfRunningCellsNeverExceedTheBudget() {
        AtomicLong now = new AtomicLong();
        AtomicLong most = new AtomicLong();
        List<Cell> cells = cells(24);
        List<CellResult> results = new LocalRunner(8, 450 * MIB)
                .run(
                        cells,
                        cell -> {
                            long bytes = cell.settings().memoryBytes();
                            most.accumulateAndGet(now.addAndGet(bytes), Math::max);
                            Thread.sleep(5);
                            now.addAndGet(-bytes);
                            return UnstartedCell.result(cell, "", new TreeMap<>(), CellOutcome.NOT_STARTED, "");
                        },
                        Progress.SILENT);
        assertThat(most.get()).isBetween(301 * MIB, 450 * MIB);
        assertThat(results)
                .extracting(CellResult::cell)
                .containsExactlyElementsOf(cells.stream().map(Cell::id).toList());
    }

    @Test
    void aCellThatCanNeverRunIsRefused() {
        assertThatThrownBy(() -> new LocalRunner(1, 50 * MIB).run(cells(1), cell -> null, Progress.SILENT))
                .isInstanceOf(MatrixException.class)
                .hasMessage("""
                        A cell may have 100 MiB, more than the budget of 50 MiB for all cells
                        Try: a larger --memory-budget, or a smaller --memory""");
    }
}
