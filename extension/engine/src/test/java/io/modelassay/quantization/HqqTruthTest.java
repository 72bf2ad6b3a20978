package io.modelassay.quantization;

import static io.modelassay.quantization.CodecRun.assertIdentical;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.quantization.CodecRun.Weight;
import io.modelassay.truth.Truths;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HQQ's fit against hqq's own on the same weight. */
class HqqTruthTest {
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 8})
    void codesScalesAndZerosAreThoseOfHqq(int bits) {
        String label = "bits" + bits + "-axis1";
        try (Checkpoint truth = Truths.tensors("quantizers/hqq-units.safetensors");
                CodecRun run = CodecRun.of(Quantization.hqq(bits, 64), weight())) {
            assertIdentical("codes", Truths.bytes(truth, label + ".codes"), run.part("codes"), 1);
            assertIdentical("scales", Truths.bytes(truth, label + ".scale"), run.part("scales"), 4);
            float[] expected = Truths.floats(truth, label + ".zero");
            float[] actual = floats(run.part("zeros"));
            for (int i = 0; i < expected.length; i++) {
                // A mean of 64 float32 values, whose order of summing may differ.
                assertThat(actual[i]).as("zero %d", i).isCloseTo(expected[i], within(1e-4f));
            }
            assertThat(error(floats(run.decoded())))
                    .isCloseTo(
                            Truths.json("quantizers/hqq-units.json")
                                    .path("cases")
                                    .path(label)
                                    .path("mean_abs_error")
                                    .doubleValue(),
                            withinPercentage(1e-3));
        }
    }

    @Test
    void itIsCloserThanRoundingToNearest() {
        try (CodecRun fitted = CodecRun.of(Quantization.hqq(4, 64), weight());
                CodecRun rounded = CodecRun.of(Quantization.rtn(4, 64).asymmetric(), weight())) {
            assertThat(error(floats(fitted.decoded()))).isLessThan(0.99 * error(floats(rounded.decoded())));
        }
    }

    @Test
    void aShortLastGroupAndAConstantRowAreRestored() {
        float[] values = new float[2 * 100];
        Arrays.fill(values, 0, 100, 0.25f);
        for (int i = 100; i < 200; i++) {
            values[i] = (float) Math.sin(i);
        }
        try (CodecRun run = CodecRun.of(Quantization.hqq(8, 64), new Weight(values, 2, 100))) {
            assertThat(floats(run.decoded())).hasSize(200);
            assertThat(floats(run.decoded())).containsExactly(values, within(0.01f));
        }
    }

    private static Weight weight() {
        try (Checkpoint inputs = Truths.tensors("quantizers/gptq-units.safetensors")) {
            return new Weight(Truths.floats(inputs, "weight"), 64, 256);
        }
    }

    private static double error(float[] decoded) {
        float[] values = weight().values();
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += Math.abs(values[i] - decoded[i]);
        }
        return sum / values.length;
    }

    private static float[] floats(byte[] bytes) {
        float[] values = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }
}
