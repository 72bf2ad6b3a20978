package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.WeightDecoder;
import io.modelassay.truth.OpenModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Decoding where no tool's checkpoint goes: cut-off blocks, the ends of E8M0, one bit, other readings. */
class DecodedEdgesTest {
    private static final TensorType F32 = TensorType.F32;

    private static float[] decode(Codec codec, Map<String, Tensor> parts) {
        try (Kernels kernels = Kernels.compile(OpenModel.engine(), Codec.class, codec.kernels());
                Tensor decoded = kernels.call("decode", parts, codec.options())) {
            return kernels.floats(decoded);
        } finally {
            parts.values().forEach(Tensor::close);
        }
    }

    private static Tensor bytes(TensorType type, Shape shape, int... values) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.put((byte) value);
        }
        return Kernels.conversions(OpenModel.engine()).stored("test", type, shape, bytes.flip());
    }

    private static Tensor floats(Shape shape, float... values) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return Kernels.conversions(OpenModel.engine()).stored("test", F32, shape, bytes);
    }

    @Test
    void blocksAtTheEdgeAreCutOff() {
        Codec codec = new Codec(List.of("scaled.py", "fp8.py"), new ScaleGrid(2, 2).options(F32, F32));
        float[] decoded = decode(
                codec,
                Map.of(
                        "codes", bytes(TensorType.I8, Shape.of(3, 3), 1, 1, 1, 1, 1, 1, 1, 1, -1),
                        "scale", floats(Shape.of(2, 2), 1, 10, 100, 1000)));
        assertThat(decoded).containsExactly(1, 1, 10, 1, 1, 10, 100, 100, -1000);
    }

    @Test
    void expertsHaveScalesOfTheirOwn() {
        Codec codec = new Codec(List.of("scaled.py", "fp8.py"), new ScaleGrid(2, 0).options(F32, F32));
        float[] decoded = decode(
                codec,
                Map.of(
                        "codes", bytes(TensorType.I8, Shape.of(2, 3, 1), 1, 1, 1, 1, 1, 1),
                        "scale", floats(Shape.of(2, 2, 1), 1, 2, 3, 4)));
        assertThat(decoded).containsExactly(1, 1, 2, 3, 3, 4);
    }

    @Test
    void anOrderOfGroupsThatWasNeverSetIsNone() {
        Codec codec = new Codec(List.of("scaled.py", "fp8.py"), new ScaleGrid(1, 2).options(F32, F32));
        for (int first : new int[] {-1, 1}) {
            ByteBuffer order = ByteBuffer.allocateDirect(16).order(ByteOrder.LITTLE_ENDIAN);
            order.putInt(first)
                    .putInt(first < 0 ? -1 : 0)
                    .putInt(first)
                    .putInt(first < 0 ? -1 : 0)
                    .flip();
            Tensor index = Kernels.conversions(OpenModel.engine()).stored("g_idx", TensorType.I32, Shape.of(4), order);
            float[] decoded = decode(
                    codec,
                    Map.of(
                            "codes", bytes(TensorType.I8, Shape.of(1, 4), 3, 3, 3, 3),
                            "zero_point", bytes(TensorType.I8, Shape.of(1, 2), 1, 2),
                            "scale", floats(Shape.of(1, 2), 1, 10),
                            "g_idx", index));
            assertThat(decoded).containsExactly(first < 0 ? new float[] {2, 2, 10, 10} : new float[] {10, 2, 10, 2});
        }
    }

    @Test
    void powersOfTwoReachFromTheSmallestToNaN() {
        Codec codec = new Codec(List.of("scaled.py", "fp8.py"), new ScaleGrid(1, 1).options(F32, F32));
        float[] decoded = decode(
                codec,
                Map.of(
                        "codes", bytes(TensorType.I8, Shape.of(1, 5), 1, 1, 1, 1, 1),
                        "scale", bytes(TensorType.U8, Shape.of(1, 5), 0, 1, 127, 254, 255)));
        assertThat(decoded).containsExactly(0x1p-127f, 0x1p-126f, 1, 0x1p127f, Float.NaN);
    }

    @Test
    void everyCodeOfE2m1HasItsValueAndTheFirstOfAByteIsInTheLowBits() {
        Codec codec = new Codec(
                List.of("scaled.py", "e2m1.py"),
                Map.of("rows", 0L, "columns", 0L, "compute", 6L, "type", 6L, "transposed", 0L));
        float[] decoded = decode(
                codec,
                Map.of(
                        "packed", bytes(TensorType.U8, Shape.of(1, 8), 0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE),
                        "scale", floats(Shape.of(1), 1),
                        "shape", OpenModel.engine().longs(1, 16)));
        assertThat(decoded).containsExactly(0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6);
    }

    @Test
    void hqqsOneBitCodesLieInEightPlanes() {
        Codec codec = new Codec("hqq.py", Map.of("planes", 8L, "bits", 1L, "word", 0L, "rows", 8L, "type", 6L));
        float[] decoded = decode(
                codec,
                Map.of(
                        "codes", bytes(TensorType.U8, Shape.of(1, 2), 0b10110001, 0b01111111),
                        "zero", floats(Shape.of(1, 1), 0.5f),
                        "scale", floats(Shape.of(1, 1), 2),
                        "shape", OpenModel.engine().longs(2, 8)));
        assertThat(decoded).containsExactly(1, -1, -1, 1, 1, 1, 1, 1, -1, 1, -1, 1, -1, 1, 1, 1);
    }

    @Test
    void swappedNibblesExchangeNeighbours() {
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("quantized/bnb-nf4"));
                WeightDecoder decoder = new WeightDecoder(checkpoint, OpenModel.engine())) {
            StoredQuantization stored = StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config()));
            PackedWeight weight = stored.weights().get(stored.weights().firstKey());
            Kernels kernels = Kernels.conversions(OpenModel.engine());
            Codec other = stored.alternatives(weight).get("nibbles-swapped");
            try (Tensor plain = decoder.decode(weight);
                    Tensor swapped = decoder.decode(weight, other, Map.of())) {
                float[] before = kernels.floats(plain);
                float[] after = kernels.floats(swapped);
                for (int i = 0; i < before.length; i++) {
                    assertThat(after[i]).isEqualTo(before[i ^ 1]);
                }
            }
        }
    }
}
