package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.junit.EachQuantization;
import io.modelassay.junit.Quantize;
import io.modelassay.junit.QuantizedModel;
import io.modelassay.quantization.Method;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import org.junit.jupiter.api.Test;

/**
 * Nothing has changed that somebody looked at and found good: figures recorded once with {@code
 * -Dmodelassay.baseline=record}, kept in {@code src/test/resources/modelassay-baselines}.
 *
 * <p>Device and compute type are named, as figures of others are not compared. In fp32 the last digits differ between
 * processors and the default tolerances are narrow; quantizing moves no weight from one code to another for that.
 */
@QuantizedModel(value = "fixture:tiny-qwen2", device = Device.CPU, dtype = DType.FP32)
class BaselineTest {
    private static final Text TEXT = Text.of("src/test/resources/held-out.txt");

    @EachQuantization({
        @Quantize(method = Method.RTN, bits = 4, groupSize = 128),
        @Quantize(method = Method.NF4, doubleQuantization = true),
    })
    void keepsItsFigures(ModelUnderTest model) {
        assertThat(model).matchesBaseline("tiny-qwen2-{quantization}", TEXT);
    }

    /** Structure, findings and values, and every byte of every tensor: needs no text. */
    @Test
    void thePublishedArtifactIsTheOneThatWasApproved(
            @QuantizedModel("fixture:quantized/gptq-int4-g128") ModelUnderTest model) {
        assertThat(model).matchesBaselineExactly("gptq-int4-g128");
    }
}
