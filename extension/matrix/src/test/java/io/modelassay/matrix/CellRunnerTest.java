package io.modelassay.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.modelassay.matrix.result.CellOutcome;
import io.modelassay.matrix.result.CellResult;
import io.modelassay.matrix.result.TestResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How cells end, in real JVMs. */
class CellRunnerTest {
    private static final CellSettings USUAL = MatrixSuites.settings(120, 2048, 128);

    @TempDir
    private Path report;

    private CellResult run(Cell cell) throws InterruptedException {
        try (CellRunner runner = new CellRunner(report, true)) {
            return runner.run(cell);
        }
    }

    private CellResult run(Class<?> suite) throws InterruptedException {
        return run(MatrixSuites.cell(suite, USUAL));
    }

    private String file(CellResult result, String name) throws IOException {
        return Files.readString(
                report.resolve("cells").resolve(result.cell()).resolve(name), StandardCharsets.ISO_8859_1);
    }

    @Test
    void aSuiteWithFailingTestsCompletes() throws Exception {
        CellResult result = run(CellSuites.Healthy.class);
        String type = CellSuites.Healthy.class.getName();
        assertThat(result.outcome()).as(result.detail()).isEqualTo(CellOutcome.COMPLETED);
        assertThat(result.tests())
                .extracting(TestResult::name, TestResult::outcome)
                .containsExactlyInAnyOrder(
                        tuple(type + ".holds", TestResult.Outcome.PASSED),
                        tuple(type + ".fails", TestResult.Outcome.FAILED),
                        tuple(type + ".isAborted", TestResult.Outcome.ABORTED),
                        tuple(type + ".isSkipped", TestResult.Outcome.SKIPPED),
                        tuple(type + ".hasVariants [[1] number=1]", TestResult.Outcome.PASSED),
                        tuple(type + ".hasVariants [[2] number=2]", TestResult.Outcome.PASSED));
        assertThat(result.tests())
                .filteredOn(test -> test.outcome() == TestResult.Outcome.FAILED)
                .allSatisfy(test -> {
                    assertThat(test.message()).contains("[one]");
                    assertThat(test.trace()).contains("CellSuites").doesNotContain("at org.junit");
                });
        assertThat(result.notes()).isEmpty();
        assertThat(result.libraries()).containsKey("org.junit.jupiter:junit-jupiter-api");
        assertThat(result.java()).startsWith(System.getProperty("java.version"));
        assertThat(result.measured().exitCode()).isZero();
        assertThat(report.resolve("cells")).isDirectoryNotContaining("glob:**.attempt-*");
    }

    @Test
    void aCellWithItsResultIsNotRunAgainUntilItsDigestDiffers() throws Exception {
        Cell cell = MatrixSuites.cell(CellSuites.Healthy.class, USUAL);
        CellResult first = run(cell);
        assertThat(run(cell).measured()).isEqualTo(first.measured());
        Suite other = cell.suite().excludeTags("failing");
        CellResult second = run(Cell.of(other, MatrixSuites.OWN, USUAL));
        assertThat(second.digest()).isNotEqualTo(first.digest());
        assertThat(second.tests()).hasSize(5).noneMatch(test -> test.outcome() == TestResult.Outcome.FAILED);
    }

    @Test
    void aClassThatCannotBePreparedFailsWithItsTests() throws Exception {
        CellResult result = run(CellSuites.Unprepared.class);
        assertThat(result.outcome()).isEqualTo(CellOutcome.COMPLETED);
        assertThat(result.tests())
                .extracting(TestResult::outcome, TestResult::message)
                .containsExactlyInAnyOrder(
                        tuple(TestResult.Outcome.FAILED, "java.lang.IllegalStateException: no preparation"),
                        tuple(TestResult.Outcome.NOT_RUN, "java.lang.IllegalStateException: no preparation"));
    }

    @Test
    void anExitInATestIsACrashWhateverItsCode() throws Exception {
        CellResult result = run(CellSuites.Exits.class);
        assertThat(result.outcome()).isEqualTo(CellOutcome.CRASHED);
        assertThat(result.running()).isEqualTo(CellSuites.Exits.class.getName() + ".exitsWithZero");
        assertThat(result.detail()).startsWith("The JVM ended with exit code 0 while " + result.running());
        assertThat(result.tests()).extracting(TestResult::outcome).containsExactly(TestResult.Outcome.UNFINISHED);
        assertThat(run(CellSuites.ExitsWithThree.class).outcome()).isEqualTo(CellOutcome.CRASHED);
        assertThat(run(CellSuites.Halts.class).detail()).contains("exit code 42");
    }

    @Test
    void anAbortNamesItsSignal() throws Exception {
        CellResult result = run(CellSuites.Aborts.class);
        assertThat(result.outcome()).isEqualTo(CellOutcome.CRASHED);
        assertThat(result.detail()).contains("exit code 134 (SIGABRT) while ").contains("CellSuites$Aborts.aborts");
    }

    @Test
    void aHangIsEndedAndLeavesItsThreads() throws Exception {
        CellResult result = run(MatrixSuites.cell(CellSuites.Hangs.class, MatrixSuites.settings(10, 2048, 128)));
        assertThat(result.outcome()).isEqualTo(CellOutcome.TIMED_OUT);
        assertThat(result.running()).isEqualTo(CellSuites.Hangs.class.getName() + ".hangs");
        assertThat(file(result, "stdout.log")).contains("Full thread dump", "CellSuites$Hangs.hangs");
    }

    @Test
    void anExhaustedHeapIsToldApartFromAnExit() throws Exception {
        CellResult heap = run(MatrixSuites.cell(CellSuites.FillsTheHeap.class, MatrixSuites.settings(120, 2048, 64)));
        assertThat(heap.outcome()).as(heap.detail()).isEqualTo(CellOutcome.OUT_OF_MEMORY);
        assertThat(heap.detail()).contains("heap of 64 MiB", "--heap");
        CellResult direct =
                run(MatrixSuites.cell(CellSuites.FillsDirectMemory.class, MatrixSuites.settings(120, 2048, 64)));
        assertThat(direct.outcome()).as(direct.detail()).isEqualTo(CellOutcome.OUT_OF_MEMORY);
    }

    @Test
    void residentMemoryBeyondTheLimitEndsTheCell() throws Exception {
        Suite suite = MatrixSuites.of(CellSuites.FillsNativeMemory.class);
        CellSettings settings = MatrixSuites.settings(120, 250, 128);
        CellResult result = run(Cell.of(
                suite,
                MatrixSuites.OWN,
                new CellSettings(
                        settings.memoryBytes(),
                        settings.timeout(),
                        settings.heapBytes(),
                        List.of("-XX:MaxDirectMemorySize=1g"),
                        settings.configuration(),
                        true)));
        assertThat(result.outcome()).as(result.detail()).isEqualTo(CellOutcome.OUT_OF_MEMORY);
        assertThat(result.detail()).contains("limit of 250 MiB while").contains("--memory");
        assertThat(result.measured().peakResidentBytes()).isGreaterThan(250L << 20);
    }

    @Test
    void aFloodOfBinaryOutputIsANote() throws Exception {
        CellResult result = run(CellSuites.Floods.class);
        assertThat(result.outcome()).as(result.detail()).isEqualTo(CellOutcome.COMPLETED);
        assertThat(result.notes())
                .containsExactly(
                        "stdout: more than 8 MiB were written, the middle is left out", "stdout: binary output");
        assertThat(Files.size(report.resolve("cells").resolve(result.cell()).resolve("stdout.log")))
                .isBetween(8L << 20, (8L << 20) + 100);
        assertThat(file(result, "stdout.log")).endsWith("{\"event\":\"run_finished\"}\n");
    }

    @Test
    void foreignLinesAmongTheEventsAreGarbled() throws Exception {
        CellResult result = run(CellSuites.WritesEvents.class);
        assertThat(result.outcome()).isEqualTo(CellOutcome.GARBLED);
        assertThat(result.detail()).contains("events.jsonl: line ", "is not an event");
    }

    @Test
    void aSelectionOfNothingIsNoSuccess() throws Exception {
        Suite nothing = MatrixSuites.of(CellSuites.Healthy.class).includeTags("absent");
        assertThat(run(Cell.of(nothing, MatrixSuites.OWN, USUAL)).outcome()).isEqualTo(CellOutcome.NO_TESTS);
    }

    @Test
    void whatCannotBeHadOrStartedIsTold() throws Exception {
        Suite suite = MatrixSuites.of(CellSuites.Healthy.class);
        CellResult absent = run(Cell.of(suite, Stack.parse("assertj=0.0.99"), USUAL));
        assertThat(absent.outcome()).isEqualTo(CellOutcome.UNRESOLVABLE);
        assertThat(absent.detail()).contains("org.assertj:assertj-core:jar:0.0.99");
        CellResult withoutEffect = run(Cell.of(suite, Stack.parse("djl=0.35.1"), USUAL));
        assertThat(withoutEffect.outcome()).isEqualTo(CellOutcome.UNRESOLVABLE);
        assertThat(withoutEffect.detail()).contains("the suite's class path has none of");
        CellResult homeless = run(Cell.of(suite, Stack.parse("name=none,java=/no/such/jdk"), USUAL));
        assertThat(homeless.outcome()).isEqualTo(CellOutcome.NOT_STARTED);
        assertThat(homeless.detail()).contains("/no/such/jdk/bin/java");
    }
}
