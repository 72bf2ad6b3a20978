package io.modelassay.matrix.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.matrix.LibraryMatrix;
import io.modelassay.matrix.MatrixException;
import io.modelassay.matrix.MatrixPlan;
import io.modelassay.matrix.MatrixProblem;
import io.modelassay.matrix.result.CellOutcome;
import io.modelassay.matrix.result.CellResult;
import io.modelassay.runtime.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A matrix on Spark's standalone cluster gives what it gives on this machine, also when a part of the cluster dies. */
class SparkRunnerTest {
    @TempDir
    private static Path folder;

    private static SparkCluster cluster;

    private Path starts;

    @BeforeAll
    static void startCluster() throws Exception {
        cluster = SparkCluster.start(folder);
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @BeforeEach
    void makeFolderOfStarts() throws IOException {
        starts = Files.createTempDirectory(folder, "starts");
    }

    /** The driver: a JVM of its own, for what Spark needs opened. */
    static final class Driver {
        private Driver() {}

        /** Runs the plan in the folder {@code args[1]} on the cluster {@code args[0]}. */
        public static void main(String[] args) {
            Path report = Path.of(args[1]);
            Progress progress = (task, done, total) -> System.out.println(task + " " + done + " of " + total);
            new SparkRunner(args[0]).run(MatrixPlan.read(report), report, progress);
        }
    }

    private static Process drive(Path report) throws IOException {
        return cluster.java(
                report.getFileName().toString(),
                List.of(
                        "-Dspark.driver.host=127.0.0.1",
                        "-Dspark.ui.enabled=false",
                        "-Dspark.executor.extraClassPath=" + System.getProperty("java.class.path")),
                Driver.class.getName(),
                cluster.master(),
                report.toString());
    }

    private static List<CellResult> finish(Process driver, Path report) throws IOException, InterruptedException {
        assertThat(driver.waitFor(180, TimeUnit.SECONDS)).as(log(report)).isTrue();
        assertThat(driver.exitValue()).as(log(report)).isZero();
        return MatrixPlan.read(report).results(report);
    }

    private static String log(Path report) throws IOException {
        return Files.readString(folder.resolve(report.getFileName() + ".log"));
    }

    private static Path planned(LibraryMatrix matrix, String name) {
        Path report = folder.resolve(name);
        matrix.plan().write(report);
        return report;
    }

    @Test
    void aKilledWorkerLosesNothingAndLeavesNoOrphan() throws Exception {
        LibraryMatrix matrix = SparkSuites.matrix(SparkSuites.Interrupted.class, starts, Map.of());
        Path report = planned(matrix, "killed-worker");
        Process driver = drive(report);
        ProcessHandle waiting = waiting(driver);
        cluster.killWorkerOf(waiting);
        waiting.onExit().get(30, TimeUnit.SECONDS);

        List<CellResult> results = finish(driver, report);

        assertThat(log(report)).containsOnlyOnce("cells done: 3 of 3").doesNotContain("cells done: 4");
        try (Stream<Path> files = Files.list(starts)) {
            assertThat(files.filter(file -> !file.endsWith("first"))).hasSizeBetween(4, 5);
        }
        assertThat(report.resolve("cells")).isDirectoryNotContaining("glob:**.attempt-*");
        Path local = folder.resolve("local");
        matrix.run(local);
        assertThat(unmeasured(report)).isEqualTo(unmeasured(local));
        assertThat(results)
                .hasSize(3)
                .allMatch(result -> result.outcome() == CellOutcome.COMPLETED)
                .usingRecursiveComparison()
                .ignoringFields("measured", "tests.seconds")
                .isEqualTo(matrix.plan().results(local));
    }

    /** The final report without what differs from run to run. */
    private static JsonNode unmeasured(Path report) throws IOException {
        JsonNode document =
                new ObjectMapper().readTree(report.resolve("matrix.json").toFile());
        document.findParents("measured").forEach(parent -> ((ObjectNode) parent).remove("measured"));
        return document;
    }

    /** The JVM that waits to be killed. */
    private ProcessHandle waiting(Process driver) throws Exception {
        while (driver.isAlive()) {
            try (Stream<Path> files = Files.list(starts)) {
                Optional<String> name = files.map(file -> file.getFileName().toString())
                        .filter(file -> file.startsWith(SparkSuites.WAITING))
                        .findFirst();
                if (name.isPresent()) {
                    long pid = Long.parseLong(name.get().substring(SparkSuites.WAITING.length()));
                    return ProcessHandle.of(pid).orElseThrow();
                }
            }
            Thread.sleep(100);
        }
        throw new AssertionError("The driver has ended before a cell has started");
    }

    @Test
    void aCrashIsAResultAndIsNotTriedAgain() throws Exception {
        Path report = planned(SparkSuites.matrix(SparkSuites.Crashes.class, starts, Map.of()), "crashes");
        assertThat(finish(drive(report), report))
                .hasSize(3)
                .allSatisfy(result -> assertThat(result.outcome()).isEqualTo(CellOutcome.CRASHED));
        assertThat(log(report)).contains("CRASHED; cells done: 3 of 3").doesNotContain("Lost task");
        List<CellResult> before = MatrixPlan.read(report).results(report);
        assertThat(finish(drive(report), report)).as("the second run").isEqualTo(before);
    }

    @Test
    void aCellThatNeedsAGpuSeesTheOneThatSparkGives() throws Exception {
        LibraryMatrix matrix =
                SparkSuites.matrix(SparkSuites.SeesGpus.class, starts, Map.of("modelassay.gpu", "required"));
        Path report = planned(matrix, "gpus");
        assertThat(finish(drive(report), report))
                .hasSize(3)
                .flatExtracting(CellResult::tests)
                .allSatisfy(test -> assertThat(test.message()).isEmpty());
    }

    @Test
    void aJvmThatIsNotOpenedForSparkIsTold() {
        MatrixPlan plan =
                SparkSuites.matrix(SparkSuites.Crashes.class, starts, Map.of()).plan();
        MatrixException thrown = catchThrowableOfType(
                MatrixException.class,
                () -> new SparkRunner(cluster.master()).run(plan, folder.resolve("closed"), Progress.SILENT));
        assertThat(thrown.problem()).isEqualTo(MatrixProblem.MISSING_SPARK);
        assertThat(thrown).hasMessageContainingAll("spark-submit", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");
        assertThat(folder.resolve("closed")).doesNotExist();
    }
}
