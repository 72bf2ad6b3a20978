package io.modelassay.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.matrix.result.CellOutcome;
import io.modelassay.matrix.result.CellResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A matrix whose process is killed goes on as if nothing had been. */
class MatrixResumeTest {
    private static final long SEED = 20261122;

    @TempDir
    private Path folder;

    /** The process that is killed. */
    static final class Parent {
        private Parent() {}

        public static void main(String[] args) {
            matrix().run(Path.of(args[0]));
        }
    }

    private static LibraryMatrix matrix() {
        return LibraryMatrix.of(MatrixSuites.of(CellSuites.TakesASecond.class))
                .suite(MatrixSuites.of(CellSuites.Healthy.class))
                .settings(MatrixSuites.settings(120, 1024, 64))
                .stack(MatrixSuites.OWN);
    }

    @Test
    void aKilledRunIsTakenUpAndLeavesNoOrphan() throws Exception {
        MatrixPlan plan = matrix().plan();
        matrix().run(folder.resolve("whole"));
        List<CellResult> expected = plan.results(folder.resolve("whole"));
        Path report = folder.resolve("killed");
        Random random = new Random(SEED);
        for (int i = 0; i < 2; i++) {
            Process parent = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Parent.class.getName(),
                            report.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("parent.log").toFile())
                    .start();
            if (!parent.waitFor(500 + random.nextInt(3000), TimeUnit.MILLISECONDS)) {
                parent.destroyForcibly().waitFor();
            }
        }
        matrix().run(report);
        assertThat(plan.results(report))
                .allMatch(result -> result.outcome() == CellOutcome.COMPLETED)
                .usingRecursiveComparison()
                .ignoringFields("measured", "tests.seconds")
                .isEqualTo(expected);
        assertThat(unmeasured(report)).isEqualTo(unmeasured(folder.resolve("whole")));
        assertThat(processesOf(report)).isEmpty();
        assertThat(report.resolve("cells")).isDirectoryNotContaining("glob:**.attempt-*");
    }

    /** The final report without what differs from run to run. */
    private static JsonNode unmeasured(Path report) throws IOException {
        ObjectNode document = (ObjectNode)
                new ObjectMapper().readTree(report.resolve("matrix.json").toFile());
        document.findParents("measured").forEach(parent -> ((ObjectNode) parent).remove("measured"));
        return document;
    }

    private static List<String> processesOf(Path report) throws InterruptedException {
        List<String> found = List.of();
        for (int i = 0; i < 50; i++) {
            found = ProcessHandle.allProcesses()
                    .flatMap(process -> process.info().commandLine().stream())
                    .filter(command -> command.contains(report.toString()))
                    .toList();
            if (found.isEmpty()) {
                return found;
            }
            Thread.sleep(100);
        }
        return found;
    }

    @Test
    void thePlanIsReadAsItWasWritten() throws IOException {
        MatrixPlan plan = matrix().plan();
        plan.write(folder);
        MatrixPlan read = MatrixPlan.read(folder);
        assertThat(read.document(folder)).isEqualTo(plan.document(folder));
        assertThat(read.cells()).isEqualTo(plan.cells());
        Files.writeString(folder.resolve("plan.json"), "{\"schema\": \"other\"}");
        assertThat(catchThrowableOfType(MatrixException.class, () -> MatrixPlan.read(folder))
                        .problem())
                .isEqualTo(MatrixProblem.INVALID_PLAN);
    }
}
