package io.modelassay.matrix.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.matrix.result.TestResult.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MatrixResultTest {
    private static Cells old() {
        return Cells.of("old").test("a", Outcome.PASSED);
    }

    private static Cells here() {
        return Cells.of("new").test("a", Outcome.PASSED);
    }

    @Test
    void nothingDiffers() {
        MatrixResult matrix = Cells.matrix(old(), here());
        assertThat(matrix.verdict()).isEqualTo(Verdict.SAME);
        assertThat(matrix.exitCode()).isZero();
        assertThat(matrix.summary())
                .containsExactly(
                        "ModelAssay matrix: nothing differs from old",
                        "  ✓ old: baseline, 1 test",
                        "  ✓ new: same, 1 test");
    }

    @Test
    void whatIsNotWorseDoesNotFail() {
        MatrixResult matrix = Cells.matrix(old().failed("b", "no"), here().test("b", Outcome.PASSED));
        assertThat(matrix.verdict()).isEqualTo(Verdict.CHANGED);
        assertThat(matrix.exitCode()).isZero();
        assertThat(matrix.summary()).first().isEqualTo("ModelAssay matrix: nothing is worse than with old");
    }

    @Test
    void testsThatFailInBothDoNotFailTheMatrix() {
        assertThat(Cells.matrix(old().failed("b", "no"), here().failed("b", "no"))
                        .exitCode())
                .isZero();
    }

    @Test
    void aRegressionFails() {
        MatrixResult matrix = Cells.matrix(old(), Cells.of("new").failed("a", "no\nmore"));
        assertThat(matrix.exitCode()).isEqualTo(1);
        assertThat(matrix.summary())
                .containsExactly(
                        "ModelAssay matrix: 1 stack regressed against old",
                        "  ✓ old: baseline, 1 test",
                        "  ✗ new: regressed, 1 test (1 failed)",
                        "What is worse:",
                        "  ✗ new: QwenTest.a fails, passed with the baseline: no");
    }

    @ParameterizedTest
    @EnumSource(value = CellOutcome.class, mode = EnumSource.Mode.EXCLUDE, names = "COMPLETED")
    void aCellThatDoesNotCompleteFails(CellOutcome outcome) {
        MatrixResult matrix = Cells.matrix(old(), Cells.of("new").ended(outcome, "because", "QwenTest.a"));
        assertThat(matrix.verdict()).isEqualTo(Verdict.LOST);
        assertThat(matrix.exitCode()).isEqualTo(1);
        assertThat(matrix.cells().get(1).tests()).isEmpty();
        assertThat(matrix.summary()).last().asString().endsWith(" while QwenTest.a ran: because");
    }

    @ParameterizedTest
    @EnumSource(value = CellOutcome.class, mode = EnumSource.Mode.EXCLUDE, names = "COMPLETED")
    void aBaselineThatDoesNotCompleteFails(CellOutcome outcome) {
        MatrixResult matrix = Cells.matrix(Cells.of("old").ended(outcome, "because", null), here());
        assertThat(matrix.exitCode()).isEqualTo(1);
        assertThat(matrix.cells()).extracting(CellComparison::verdict).containsExactly(Verdict.LOST, Verdict.SAME);
    }

    @Test
    void aCellWithoutAResultFails() {
        MatrixResult matrix =
                MatrixResult.of("old", List.of("old", "new"), List.of(Cells.SUITE), List.of(old().build()));
        assertThat(matrix.exitCode()).isEqualTo(1);
        assertThat(matrix.summary()).contains("  ! new: no result", "  ✗ new: there is no result");
        assertThat(MatrixResult.of("old", List.of("old"), List.of(), List.of()).exitCode())
                .isEqualTo(1);
    }

    @Test
    void timeAndMemoryDecideNothing() {
        assertThat(Cells.matrix(old().took(1, 1L), here().took(1000, 1L << 40)).verdict())
                .isEqualTo(Verdict.SAME);
    }

    @Test
    void eachSuiteIsComparedWithItsOwnBaseline() {
        MatrixResult matrix = Cells.matrix(
                old(),
                here(),
                Cells.of("old").inSuite("other").failed("a", "no"),
                Cells.of("new").inSuite("other").failed("a", "no"));
        assertThat(matrix.exitCode()).isZero();
        assertThat(matrix.summary()).contains("  ✓ other with new: same, 1 test (1 failed)");
    }

    @Test
    void whatDoesNotFitTogetherIsRefused() {
        List<CellResult> results = List.of(old().build());
        assertThatThrownBy(() -> MatrixResult.of("gone", List.of("old"), List.of(Cells.SUITE), results))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The baseline gone is none of the stacks [old]");
        assertThatThrownBy(() -> MatrixResult.of("old", List.of("old"), List.of("other"), results))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Cell qwen-tests@old is of suite qwen-tests");
        assertThatThrownBy(() -> Cells.matrix(old(), old()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cell qwen-tests@old has two results");
    }
}
