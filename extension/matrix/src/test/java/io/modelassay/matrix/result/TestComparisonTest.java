package io.modelassay.matrix.result;

import static io.modelassay.matrix.result.Cells.compare;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.modelassay.matrix.result.TestChange.Kind;
import io.modelassay.matrix.result.TestResult.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestComparisonTest {
    private static final String DRIFT = """
            Expecting model <Qwen2-0.5B as nf4> to have perplexity drift of at most 3.0 %
            but drift was 11.4 % ± 0.6 %""";

    private static Cells old() {
        return Cells.of("old");
    }

    private static Cells here() {
        return Cells.of("new");
    }

    @ParameterizedTest
    @CsvSource({
        "PASSED, FAILED, NEWLY_FAILING, true",
        "SKIPPED, FAILED, NEWLY_FAILING, true",
        "FAILED, PASSED, NEWLY_PASSING, false",
        "PASSED, UNFINISHED, NOT_REACHED, true",
        "PASSED, NOT_RUN, NOT_REACHED, true",
        "FAILED, NOT_RUN, NOT_REACHED, false",
        "NOT_RUN, PASSED, NOT_REACHED_BEFORE, false",
        "UNFINISHED, FAILED, NOT_REACHED_BEFORE, false",
        "PASSED, SKIPPED, NO_LONGER_RUN, false",
        "FAILED, ABORTED, NO_LONGER_RUN, false",
        "ABORTED, PASSED, NOW_RUN, false"
    })
    void outcomesThatDiffer(Outcome before, Outcome after, Kind kind, boolean worse) {
        assertThat(compare(old().test("a", before), here().test("a", after)).tests())
                .singleElement()
                .satisfies(change -> {
                    assertThat(change.kind()).isEqualTo(kind);
                    assertThat(change.worse()).isEqualTo(worse);
                    assertThat(change.name()).isEqualTo("QwenTest.a");
                });
    }

    @ParameterizedTest
    @CsvSource({"PASSED, PASSED", "SKIPPED, ABORTED", "ABORTED, SKIPPED", "NOT_RUN, UNFINISHED"})
    void outcomesThatComeToTheSame(Outcome before, Outcome after) {
        assertThat(compare(old().test("a", before), here().test("a", after)).tests())
                .isEmpty();
    }

    @Test
    void theOrderOfTestsDoesNotMatter() {
        Cells before = old().test("a", Outcome.PASSED).test("b", Outcome.PASSED).failed("c", "no");
        Cells after = here().failed("c", "no").test("b", Outcome.PASSED).test("a", Outcome.PASSED);
        assertThat(compare(before, after).verdict()).isEqualTo(Verdict.SAME);
    }

    @Test
    void testsOfOneSideOnly() {
        Cells before = old().test("gone", Outcome.PASSED).failed("goneRed", "no");
        Cells after = here().test("fresh", Outcome.PASSED).failed("freshRed", "no");
        assertThat(compare(before, after).tests())
                .extracting(TestChange::name, TestChange::kind, TestChange::worse)
                .containsExactlyInAnyOrder(
                        tuple("QwenTest.gone", Kind.ONLY_BEFORE, true),
                        tuple("QwenTest.goneRed", Kind.ONLY_BEFORE, false),
                        tuple("QwenTest.fresh", Kind.ONLY_HERE, false),
                        tuple("QwenTest.freshRed", Kind.NEWLY_FAILING, true));
    }

    @Test
    void variantsAreTestsOfTheirOwn() {
        Cells before = old().test("drift[int4]", Outcome.PASSED).test("drift[nf4]", Outcome.PASSED);
        Cells after = here().test("drift[int4]", Outcome.PASSED).failed("drift[nf4]", DRIFT);
        assertThat(compare(before, after).tests()).extracting(TestChange::name).containsExactly("QwenTest.drift[nf4]");
    }

    @Test
    void aFailureWithOtherFiguresIsTheSame() {
        String other = DRIFT.replace("11.4", "12.9").replace("3.0", "3.00");
        assertThat(compare(old().failed("a", DRIFT), here().failed("a", other)).tests())
                .isEmpty();
        assertThat(compare(
                                old().failed("a", "at java.lang.Object@1f2e3d took 12ms, sha256 3f1c9a0b77"),
                                here().failed("a", "at java.lang.Object@9abc took -1.5e-3ms, sha256 77ab9cde01"))
                        .tests())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "'first difference in model.layers.3.mlp', 'first difference in model.layers.5.mlp'",
        "'drift was 11.4 %', 'drift was NaN %'",
        "'no kernel', 'no such kernel'",
        "'Expecting actual:\n  \"a\"', 'Expecting actual:\n  \"b\"'"
    })
    void aFailureWithAnotherTextIsReportedAndNoRegression(String before, String after) {
        CellComparison cell = compare(old().failed("a", before), here().failed("a", after));
        assertThat(cell.tests()).extracting(TestChange::kind).containsExactly(Kind.FAILING_OTHERWISE);
        assertThat(cell.verdict()).isEqualTo(Verdict.CHANGED);
    }

    @Test
    void aFailureByAnotherThrowableIsAnotherFailure() {
        Cells before = old().test("a", Outcome.FAILED, "toType", "java.lang.AssertionError: toType");
        Cells after = here().test("a", Outcome.FAILED, "toType", "java.lang.NoSuchMethodError: toType");
        assertThat(compare(before, after).tests()).extracting(TestChange::kind).containsExactly(Kind.FAILING_OTHERWISE);
    }

    /** A trace is text: what a message or a thread is called does not tell what was thrown. */
    @Test
    void theThrowableIsWhatTheRecordSays() {
        Cells before = old().test("a", Outcome.FAILED, "no", "java.lang.Error: no", "java.lang.AssertionError");
        Cells after = here().test("a", Outcome.FAILED, "no", "org.other.Thrown: no", "java.lang.AssertionError");
        assertThat(compare(before, after).tests()).isEmpty();
        Cells earlier = here().test("a", Outcome.FAILED, "no", "org.other.Thrown: no", null);
        assertThat(compare(before, earlier).tests()).isEmpty();
    }
}
