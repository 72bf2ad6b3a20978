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
import org.junit.jupiter.api.Test;

/** How much a quantization costs, measured token by token against the unquantized model. */
@QuantizedModel("fixture:tiny-qwen2")
class QuantizationComparedTest {
    private static final Text TEXT = Text.of("src/test/resources/held-out.txt");

    /** Of a model this small 8 bits are judged; what fewer bits cost it is in the report. */
    @EachQuantization({
        @Quantize(method = Method.LLM_INT8),
        @Quantize(method = Method.FP8, granularity = Granularity.BLOCK),
        @Quantize(method = Method.NF4, doubleQuantization = true),
        @Quantize(method = Method.RTN, bits = 4, groupSize = 128),
        @Quantize(method = Method.RTN, bits = 3, groupSize = 128),
        @Quantize(method = Method.GPTQ, bits = 4, groupSize = 128, calibration = "src/test/resources/calibration.txt"),
    })
    void keepsTheLimitsOfItsScheme(ModelUnderTest model) {
        assertThat(model).hasNoNaNs().keepsDefaultLimitsOn(TEXT);
    }

    @Test
    @QuantizedModel(value = "fixture:tiny-qwen2", quantize = @Quantize(method = Method.RTN, bits = 4, groupSize = 128))
    void survivesFourBits(ModelUnderTest model) {
        assertThat(model)
                .hasPerplexityDriftAtMost(withPercentage(3), TEXT)
                .hasMeanKlDivergenceAtMost(0.05, TEXT)
                .hasTopTokenAgreementAtLeast(0.9, TEXT);
    }

    @Test
    @QuantizedModel(
            value = "fixture:tiny-qwen2",
            quantize =
                    @Quantize(
                            method = Method.NF4,
                            keep = {"model.layers.0", "*.down_proj"}))
    void keepsWhatItPromisesToKeep(ModelUnderTest model) {
        assertThat(model).keepsInFullPrecision("model.layers.0", "*.down_proj", "model.embed_tokens");
    }
}
