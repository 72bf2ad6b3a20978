package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.junit.EachQuantization;
import io.modelassay.junit.Quantize;
import io.modelassay.junit.QuantizedModel;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Method;
import io.modelassay.runtime.DType;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Figures to compare across library versions: over recorded tokens, so that a version whose tokenizer differs is not mistaken
 * for one whose arithmetic does.
 */
@QuantizedModel(value = "fixture:tiny-qwen2", dtype = DType.FP32)
class LibraryUpgradeTest {
    private static final Path TOKENS = Path.of("src/test/resources/held-out-tokens-qwen2.json");
    private static final Text TEXT = Text.ofTokens(TOKENS);

    @Test
    void keepsItsPerplexity(ModelUnderTest model) {
        assertThat(model.perplexity(TEXT).value()).isLessThan(45);
    }

    @EachQuantization({
        @Quantize(method = Method.NF4),
        @Quantize(method = Method.LLM_INT8),
        @Quantize(method = Method.FP8, granularity = Granularity.BLOCK),
        @Quantize(method = Method.RTN, bits = 4, groupSize = 128),
    })
    void keepsItsDrift(ModelUnderTest model) {
        assertThat(model).hasPerplexityDriftAtMost(withPercentage(4), TEXT).hasTopTokenAgreementAtLeast(0.85, TEXT);
    }

    @Test
    void readsTheTextAsTheseTokens(ModelUnderTest model) {
        int[] read = model.tokens(Text.of("src/test/resources/held-out.txt"));
        assertThat(read).startsWith(model.tokens(TEXT));
    }
}
