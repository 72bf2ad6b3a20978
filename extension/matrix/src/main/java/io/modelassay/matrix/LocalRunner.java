package io.modelassay.matrix;

import io.modelassay.matrix.result.CellResult;
import io.modelassay.runtime.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/** Runs cells on this machine: at most so many at once, and only while their memory limits together fit a budget. */
final class LocalRunner {
    private static final int UNIT = 20;

    private final int parallel;
    private final long budgetBytes;

    LocalRunner(int parallel, long budgetBytes) {
        this.parallel = parallel;
        this.budgetBytes = budgetBytes;
    }

    /** Runs one cell. */
    interface Runner {
        CellResult run(Cell cell) throws InterruptedException;
    }

    /** The results in the order of the cells. */
    List<CellResult> run(MatrixPlan plan, Path report, Progress progress) {
        boolean offline = plan.settings().offline();
        try (CellRunner runner = new CellRunner(report, offline)) {
            return run(plan.cells(), runner::run, progress);
        }
    }

    List<CellResult> run(List<Cell> cells, Runner runner, Progress progress) {
        for (Cell cell : cells) {
            if (cell.settings().memoryBytes() > budgetBytes) {
                throw new MatrixException(
                        MatrixProblem.INVALID_LIMIT,
                        "A cell may have " + (cell.settings().memoryBytes() >> UNIT) + " MiB, more than the budget of "
                                + (budgetBytes >> UNIT) + " MiB for all cells",
                        "a larger --memory-budget, or a smaller --memory");
            }
        }
        Semaphore budget = new Semaphore((int) Math.min(Integer.MAX_VALUE, budgetBytes >> UNIT), true);
        ExecutorService threads = Executors.newFixedThreadPool(parallel);
        try {
            CompletionService<CellResult> done = new ExecutorCompletionService<>(threads);
            List<Future<CellResult>> results = new ArrayList<>();
            for (Cell cell : cells) {
                results.add(done.submit(() -> within(budget, cell, runner)));
            }
            for (int i = 1; i <= cells.size(); i++) {
                CellResult result = done.take().get();
                progress.step(result.cell() + " " + result.outcome() + "; cells done:", i, cells.size());
            }
            List<CellResult> ordered = new ArrayList<>();
            for (Future<CellResult> result : results) {
                ordered.add(result.get());
            }
            return ordered;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("A cell could not be run", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The matrix was interrupted", e);
        } finally {
            threads.shutdownNow();
        }
    }

    private static CellResult within(Semaphore budget, Cell cell, Runner runner) throws InterruptedException {
        int share = (int) Math.max(1, cell.settings().memoryBytes() >> UNIT);
        budget.acquire(share);
        try {
            return runner.run(cell);
        } finally {
            budget.release(share);
        }
    }
}
