package io.modelassay.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Progress;
import io.modelassay.truth.OpenModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts that share a 32-bit hash and a length: each has figures of its own, those that a fresh evaluator gives. */
class EvaluatorMemoTest {
    private static final int[] ONE = {300, 5, 40, 7, 9};
    private static final int[] OTHER = {300, 6, 9, 7, 9};
    private static final Protocol WINDOWS = new Protocol(64);

    @TempDir
    Path cache;

    private OpenModel reference;
    private OpenModel subject;
    private Evaluator evaluator;

    @BeforeEach
    void open() {
        reference = OpenModel.stored(Fixtures.path("tiny-llama"), DType.FP32);
        subject = OpenModel.quantized(Fixtures.path("tiny-llama"), DType.FP32, Quantization.rtn(2, 128));
        evaluator = evaluator();
    }

    @AfterEach
    void close() {
        subject.close();
        reference.close();
    }

    private Evaluator evaluator() {
        return new Evaluator(ReferenceCache.in(cache), Progress.SILENT, Recorder.NONE);
    }

    @Test
    void theTextsCollide() {
        assertThat(Arrays.hashCode(ONE)).isEqualTo(Arrays.hashCode(OTHER));
    }

    @Test
    void perplexities() {
        remembersApart((figures, tokens) -> figures.perplexity(reference.language(), tokens, WINDOWS));
    }

    @Test
    void comparisons() {
        remembersApart((figures, tokens) -> figures.compare(reference.language(), subject.language(), tokens, WINDOWS));
    }

    @Test
    void traces() {
        remembersApart((figures, tokens) -> figures.trace(reference.language(), tokens, WINDOWS).stream()
                .map(String::valueOf)
                .toList());
    }

    @Test
    void outputErrors() {
        remembersApart(
                (figures, tokens) -> figures.outputErrors(reference.language(), subject.language(), tokens, WINDOWS));
    }

    @Test
    void otherWindowsOfTheSameTokens() {
        int[] tokens = new int[64];
        Arrays.setAll(tokens, i -> 100 + i % 7);
        Perplexity whole = evaluator.perplexity(reference.language(), tokens, new Protocol(64));
        assertThat(evaluator.perplexity(reference.language(), tokens, new Protocol(32)))
                .isNotEqualTo(whole)
                .isEqualTo(evaluator().perplexity(reference.language(), tokens, new Protocol(32)));
    }

    private void remembersApart(BiFunction<Evaluator, int[], Object> figure) {
        Object one = figure.apply(evaluator, ONE);
        Object other = figure.apply(evaluator, OTHER);
        assertThat(other).isNotEqualTo(one).isEqualTo(figure.apply(evaluator(), OTHER));
        assertThat(figure.apply(evaluator, ONE)).isEqualTo(one);
    }
}
