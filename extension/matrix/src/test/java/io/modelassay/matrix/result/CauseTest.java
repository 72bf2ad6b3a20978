package io.modelassay.matrix.result;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.matrix.result.TestResult.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CauseTest {
    private static final String TOKENIZER = "io.modelassay.runtime.RuntimeFailure: The tokenizers library"
            + " (ai.djl.huggingface:tokenizers %s) does not accept %s/tokenizer.json: data did not match any variant"
            + " of untagged enum ModelWrapper at line %d column 1\nTry: a newer tokenizers library";

    private static Cells old() {
        return Cells.of("djl 0.35.1")
                .test("a", Outcome.PASSED)
                .test("b", Outcome.PASSED)
                .test("c", Outcome.PASSED);
    }

    private static String tokenizer(String version, String folder, int line) {
        return String.format(TOKENIZER, version, folder, line);
    }

    /** As with DJL 0.29.0 and before: other models, lines and versions are one cause, an assertion about it another. */
    @Test
    void testsThatFailAlikeAreOneCauseInAllStacks() {
        Cells newer = Cells.of("djl 0.29.0")
                .failed("a", tokenizer("0.29.0", "/tmp/target/tiny-llama", 9335))
                .failed("b", tokenizer("0.29.0", "/tmp/variants/1a2030f528f/awq-gemm-g128", 9276))
                .failed("c", "\nExpecting throwable message:\n  \"" + tokenizer("0.29.0", "/tmp/tiny", 93) + "\"");
        Cells older = Cells.of("djl 0.22.1")
                .failed("a", tokenizer("0.22.1", "/tmp/target/tiny-qwen2", 1))
                .test("b", Outcome.PASSED)
                .test("c", Outcome.PASSED);
        MatrixResult matrix = Cells.matrix(old(), newer, older);
        List<Cause> causes = Cause.worse(matrix);
        assertThat(causes).hasSize(2);
        assertThat(causes.get(0).line()).startsWith("2 tests fail alike, passed with the baseline: io.modelassay");
        assertThat(causes.get(0).where(matrix)).isEqualTo("djl 0.29.0, 0.22.1");
        assertThat(causes.get(0).tests(matrix)).containsExactly("QwenTest.a", "QwenTest.b (djl 0.29.0)");
        assertThat(causes.get(1).line()).startsWith("QwenTest.c fails, passed with the baseline: Expecting throwable");
        assertThat(matrix.summary())
                .contains("      QwenTest.a, QwenTest.b (djl 0.29.0)")
                .anyMatch(line -> line.startsWith("  ✗ djl 0.29.0, 0.22.1: 2 tests fail alike, "));
    }

    private static MatrixResult failing(String one, String other) {
        return Cells.matrix(
                old(),
                Cells.of("djl 0.34.0").failed("a", one).failed("b", other).test("c", Outcome.PASSED));
    }

    @ParameterizedTest
    @CsvSource({
        "'drift was 11.4 % ± 0.6 %', 'drift was 9 % ± 1e-3 %'",
        "'PyTorch 2.7.1+cpu has no such kernel', 'PyTorch v2.1.1 has no such kernel'",
        "'tensor ''lm_head.weight'' is not finite', 'tensor ''model.norm.weight'' is not finite'",
        "'no config.json in /models/tiny-llama', 'no config.json in /tmp/x1/tiny-qwen2'",
        "'no config.json in /models/tiny-llama', 'no config.json in C:\\models\\tiny-qwen2'",
        "'file:/a/b/model.safetensors is cut', 'file:///c/d/e/model.safetensors is cut'",
        "'read cells/x@djl_0.1/stderr.log', 'read cells/x@djl_0.2/stderr.log'",
        "'Expecting model <a as nf4> to have finite weights', 'Expecting model <b as int4 g128> to have finite weights'"
    })
    void whatDiffersInFiguresVersionsQuotesAndFoldersIsAlike(String one, String other) {
        assertThat(Cause.worse(failing(one, other))).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "'Expecting actual not to be null', 'Expecting actual to be empty'",
        "'java.lang.AssertionError: ''void ai.djl.Array.to()''', 'java.lang.AssertionError: ''long ai.djl.Model.in()'''",
        "'KeyError ''model.norm''', 'KeyError ''lm_head'''",
        "'Expecting actual:\n  \"a\"', 'Expecting actual:\n  \"b\"'",
        "'ai/djl/ndarray/NDManager', 'ai/djl/ndarray/NDArray'",
        "'/models/tiny/config.json is no JSON', '/models/tiny/tokenizer.json is no JSON'",
        "'cannot reach https://repo.one/maven2/x.jar now', 'cannot reach https://repo.two/maven2/x.jar now'",
        "'first difference in model.layers.3.mlp', 'first difference in model.layers.5.mlp'",
        "'the model isn''t small and doesn''t fit', 'the model isn''t here and doesn''t fit'"
    })
    void otherFailuresAreOtherCauses(String one, String other) {
        assertThat(Cause.worse(failing(one, other))).hasSize(2);
    }

    /** TorchScript says the same of every failure, but for the end. */
    @Test
    void whatAKernelEndedInTellsCausesApart() {
        String traceback = "Kernel encode: It failed.\nTraceback of TorchScript (most recent call last):\n  File x\n";
        List<Cause> causes = Cause.worse(
                failing(traceback + "RuntimeError: no such type\n", traceback + "RuntimeError: no memory\n"));
        assertThat(causes)
                .extracting(Cause::line)
                .containsExactly(
                        "QwenTest.a fails, passed with the baseline: Kernel encode: It failed. RuntimeError: no such type",
                        "QwenTest.b fails, passed with the baseline: Kernel encode: It failed. RuntimeError: no memory");
    }

    @Test
    void anotherThrowableIsAnotherCause() {
        Cells here = Cells.of("djl 0.34.0")
                .test("a", Outcome.FAILED, "no such kernel", "java.lang.AssertionError: no such kernel")
                .test("b", Outcome.FAILED, "no such kernel", "java.lang.LinkageError: no such kernel")
                .test("c", Outcome.PASSED);
        assertThat(Cause.worse(Cells.matrix(old(), here))).hasSize(2);
    }

    @Test
    void lostCellsComeFirstThenWhatHitsMostTests() {
        Cells failing = Cells.of("djl 0.34.0")
                .failed("a", "seldom")
                .failed("b", "often")
                .failed("c", "often");
        Cells absent = Cells.of("djl 0.33.0").test("a", Outcome.PASSED);
        Cells lost = Cells.of("djl 0.32.0").ended(CellOutcome.CRASHED, "exit code 3", null);
        MatrixResult matrix = Cells.matrix(old(), failing, absent, lost);
        assertThat(Cause.worse(matrix))
                .extracting(Cause::line)
                .containsExactly(
                        "the JVM ended before the suite did: exit code 3",
                        "2 tests fail alike, passed with the baseline: often",
                        "2 tests are absent, passed with the baseline",
                        "QwenTest.a fails, passed with the baseline: seldom");
    }

    /** What single stacks say besides is kept. A stack with a name of its own is named in full. */
    @Test
    void cellsLostAlikeAreOneCauseWithTheSentenceOfEach() {
        Cells one = lost("djl 0.29.0", "signal 6. Try: read cells/x@djl_0.29.0/stderr.log", "QwenTest.a");
        Cells two = lost("new kernel", "signal 6. Try: read cells/x@new_kernel/stderr.log", "QwenTest.a");
        Cells other = lost("old kernel", "signal 6. Try: read cells/x@old_kernel/stderr.log", "QwenTest.b");
        MatrixResult matrix = Cells.matrix(old(), one, two, other);
        assertThat(Cause.worse(matrix)).hasSize(2);
        Cause cause = Cause.worse(matrix).get(0);
        assertThat(cause.where(matrix)).isEqualTo("djl 0.29.0, new kernel");
        assertThat(cause.variants(matrix))
                .containsExactly("new kernel: the JVM ended before the suite did while QwenTest.a ran: "
                        + "signal 6. Try: read cells/x@new_kernel/stderr.log");
    }

    private static Cells lost(String stack, String why, String test) {
        return Cells.of(stack).ended(CellOutcome.CRASHED, why, test);
    }

    @Test
    void aCauseInSeveralSuitesNamesThem() {
        MatrixResult matrix = Cells.matrix(
                Cells.of("old").test("a", Outcome.PASSED),
                Cells.of("new").failed("a", "no"),
                Cells.of("old").inSuite("other").test("a", Outcome.PASSED),
                Cells.of("new").inSuite("other").failed("a", "no"));
        Cause cause = Cause.worse(matrix).get(0);
        assertThat(cause.line()).isEqualTo("2 tests fail alike, passed with the baseline: no");
        assertThat(cause.where(matrix)).isEqualTo("qwen-tests with new; other with new");
    }

    /** Figures of two models, or two values, are two causes: their numbers are the news. */
    @Test
    void figuresAreAlikeOnlyWithTheirValues() {
        MatrixResult matrix =
                Cells.matrix(perplexities("old", 12, 12), perplexities("one", 13, 13), perplexities("two", 13, 14));
        assertThat(Cause.worse(matrix))
                .extracting(cause -> cause.where(matrix))
                .containsExactly("one, two", "one", "two");
    }

    private static Cells perplexities(String stack, double small, double large) {
        return Cells.of(stack).perplexity("Qwen2-0.5B", "bf16", small).perplexity("Qwen2-1.5B", "bf16", large);
    }
}
