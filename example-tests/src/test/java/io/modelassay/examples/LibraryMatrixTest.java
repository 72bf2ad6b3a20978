package io.modelassay.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.cli.Main;
import io.modelassay.matrix.LibraryMatrix;
import io.modelassay.matrix.Suite;
import io.modelassay.matrix.result.CellComparison;
import io.modelassay.matrix.result.CellOutcome;
import io.modelassay.matrix.result.CellResult;
import io.modelassay.matrix.result.MatrixResult;
import io.modelassay.matrix.result.TensorChange;
import io.modelassay.matrix.result.TestResult;
import io.modelassay.matrix.result.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tests of this module, repeated over versions of the libraries that they run on. */
@Tag("matrix")
class LibraryMatrixTest {
    private static final Path REPORT = Path.of("target/matrix");
    private static final Suite SUITE = Suite.ofModule(Path.of("")).excludeTags("matrix");

    @Test
    void everyTestPassesOnEveryGenerationOfJUnit() {
        MatrixResult result = LibraryMatrix.of(SUITE)
                .stack("name=own")
                .stack("junit", "6.0.3")
                .stack("junit", "6.1.3")
                .baseline("own")
                .parallel(2)
                .run(REPORT.resolve("junit"));

        assertThat(result.verdict()).as(String.join("\n", result.summary())).isLessThan(Verdict.REGRESSED);
        for (CellComparison cell : result.cells()) {
            CellResult ran = Objects.requireNonNull(cell.result());
            assertThat(ran.outcome()).as(ran.detail()).isEqualTo(CellOutcome.COMPLETED);
            assertThat(ran.tests())
                    .as(cell.stack())
                    .hasSizeGreaterThan(30)
                    .allMatch(test -> test.outcome() == TestResult.Outcome.PASSED);
        }
    }

    /** As a CI system does it: a job plans, one job a cell runs, and a last one compares. */
    @Test
    void theCommandLineDoesItInThreeSteps(@TempDir Path folder) throws IOException {
        String report = folder.resolve("matrix").toString();
        String cell = "example-tests@own";

        String jobs = modelassay(
                "plan",
                "--suite=.",
                "--stack=name=own",
                "--select=" + HealthyModelTest.class.getName(),
                "--report=" + report,
                "--format=github");
        String before = modelassay("merge", "--report=" + report, "--json");
        String ran = modelassay("cell", cell, "--report=" + report);
        String merged = modelassay("merge", "--report=" + report, "--json");

        assertThat(jobs).startsWith("0\n").contains("\"include\": [", "\"cell\": \"" + cell + "\"");
        assertThat(before).startsWith("1\n").contains("\"verdict\": \"lost\"");
        assertThat(ran).startsWith("0\n").containsPattern("COMPLETED, \\d+ passed, ");
        assertThat(merged).startsWith("0\n").contains("\"verdict\": \"same\"", "\"failed\": 0");
        assertThat(Path.of(report, "matrix.json")).content().isEqualTo(merged.substring(2));
        assertThat(Path.of(report, "junit.xml")).content().containsPattern("tests=\"[1-9]\\d*\"");
    }

    private static String modelassay(String... arguments) {
        StringWriter out = new StringWriter();
        String[] all =
                Stream.concat(Stream.of("matrix"), Arrays.stream(arguments)).toArray(String[]::new);
        int code = Main.run(new PrintWriter(out), new PrintWriter(System.err, true), all);
        return code + "\n" + out;
    }

    /** A library whose arithmetic has changed, here the kernel of one format. */
    @Test
    void aChangedKernelIsFoundAndTheFirstTensorThatItChangesIsNamed(@TempDir Path patched) throws IOException {
        String kernel = "io/modelassay/quantization/bitsandbytes4.py";
        String healthy;
        try (InputStream in = LibraryMatrix.class.getClassLoader().getResourceAsStream(kernel)) {
            healthy = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        }
        Files.createDirectories(patched.resolve(kernel).getParent());
        Files.writeString(patched.resolve(kernel), healthy.replace("-0.6961928009986877", "-0.71"));
        assertThat(patched.resolve(kernel)).content().isNotEqualTo(healthy);

        MatrixResult result = LibraryMatrix.of(SUITE.select(LibraryUpgradeTest.class.getName()))
                .stack("name=own")
                .stack("name=patched,prepend=" + patched)
                .run(REPORT.resolve("patched"));

        assertThat(result.exitCode()).isEqualTo(1);
        CellComparison cell = result.cells().get(1);
        assertThat(cell.verdict()).isEqualTo(Verdict.REGRESSED);
        assertThat(cell.tensors()).singleElement().satisfies(change -> {
            assertThat(change.model()).isEqualTo("tiny-qwen2 as nf4");
            TensorChange.Place first = Objects.requireNonNull(change.beyondNoise());
            assertThat(first.name()).isEqualTo("model.layers.0.self_attn.q_proj.weight");
            assertThat(first.kind()).isEqualTo("weight");
        });
        assertThat(REPORT.resolve("patched/index.html")).isNotEmptyFile();
    }
}
