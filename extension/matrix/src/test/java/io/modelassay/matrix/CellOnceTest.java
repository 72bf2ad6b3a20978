package io.modelassay.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.matrix.result.CellOutcome;
import io.modelassay.matrix.result.CellResult;
import io.modelassay.matrix.result.TestResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cell that is asked for again, or twice at a time as schedulers do, runs once. */
class CellOnceTest {
    private static final CellSettings USUAL = MatrixSuites.settings(120, 1024, 64);

    @TempDir
    private Path report;

    static class SeesItsEnvironment {
        @Test
        void seesWhatItWasGiven() {
            assertThat(System.getenv("CUDA_VISIBLE_DEVICES")).isEqualTo("2,3");
            assertThat(System.getenv("PATH")).isEqualTo(System.getProperty("path.expected"));
        }
    }

    @Test
    void twiceAtATimeItRunsOnce() throws Exception {
        Cell cell = MatrixSuites.cell(CellSuites.TakesASecond.class, USUAL);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Callable<CellResult> run = () -> {
                try (CellRunner runner = new CellRunner(report, true)) {
                    return runner.run(cell);
                }
            };
            List<Future<CellResult>> runs = threads.invokeAll(List.of(run, run));
            assertThat(runs.get(0).get().outcome()).isEqualTo(CellOutcome.COMPLETED);
            // "measured" too: had it run twice, it would not have taken the same time.
            assertThat(runs.get(0).get()).isEqualTo(runs.get(1).get());
            assertThat(run.call()).isEqualTo(runs.get(0).get());
        } finally {
            threads.shutdownNow();
        }
        assertThat(report.resolve("cells")).isDirectoryNotContaining("glob:**.attempt-*");
    }

    @Test
    void itSeesWhatIsAddedToTheEnvironmentBesideTheRest() throws Exception {
        CellSettings settings = new CellSettings(
                USUAL.memoryBytes(),
                USUAL.timeout(),
                USUAL.heapBytes(),
                List.of("-Dpath.expected=" + System.getenv("PATH")),
                Map.of(),
                true);
        try (CellRunner runner = new CellRunner(report, true)) {
            CellResult result = runner.run(
                    MatrixSuites.cell(SeesItsEnvironment.class, settings), Map.of("CUDA_VISIBLE_DEVICES", "2,3"));
            assertThat(result.tests())
                    .hasSize(1)
                    .allSatisfy(test ->
                            assertThat(test.outcome()).as(test.message()).isEqualTo(TestResult.Outcome.PASSED));
        }
    }
}
