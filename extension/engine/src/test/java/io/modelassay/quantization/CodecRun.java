package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/** One weight encoded and decoded by a quantization's kernels; everything is compared as bytes. */
final class CodecRun implements AutoCloseable {
    /** A weight in float32. */
    record Weight(float[] values, int rows, int columns) {
        /** Rounded to bfloat16, half to even. */
        Weight roundedToBf16() {
            float[] rounded = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                int bits = Float.floatToRawIntBits(values[i]);
                int up = 0x7fff + ((bits >>> 16) & 1);
                rounded[i] = Float.intBitsToFloat((bits + up) & 0xffff0000);
            }
            return new Weight(rounded, rows, columns);
        }

        Weight firstRows(int count) {
            return new Weight(Arrays.copyOf(values, count * columns), count, columns);
        }
    }

    private final Kernels kernels;
    private final Map<String, Tensor> parts;
    private final Tensor decoded;

    private CodecRun(Kernels kernels, Map<String, Tensor> parts, Tensor decoded) {
        this.kernels = kernels;
        this.parts = parts;
        this.decoded = decoded;
    }

    static CodecRun of(Quantization quantization, Weight weight) {
        Codec codec = quantization.codec();
        Kernels kernels = Kernels.compile(OpenModel.engine(), Codec.class, codec.kernels());
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * weight.values().length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(weight.values());
        try (Tensor w = kernels.stored("w", TensorType.F32, Shape.of(weight.rows(), weight.columns()), bytes)) {
            Map<String, Tensor> parts = new LinkedHashMap<>(kernels.callMap("encode", w, codec.options()));
            return new CodecRun(kernels, parts, kernels.call("decode", parts, codec.options()));
        }
    }

    /** What the 4-bit codes 0 to 15 decode to under the scale 1. */
    static byte[] everyFourBitCode(Quantization quantization) {
        Codec codec = quantization.codec();
        ByteBuffer packed = ByteBuffer.allocateDirect(8);
        for (int even = 0; even < 16; even += 2) {
            packed.put((byte) (even << 4 | (even + 1)));
        }
        try (Kernels kernels = Kernels.compile(OpenModel.engine(), Codec.class, codec.kernels());
                Tensor codes = kernels.stored("packed", TensorType.U8, Shape.of(8), packed.flip());
                Tensor absmax = OpenModel.engine().floats(1);
                Tensor shape = OpenModel.engine().longs(1, 16);
                Tensor decoded = kernels.call(
                        "decode", Map.of("packed", codes, "absmax", absmax, "shape", shape), codec.options())) {
            return bytes(kernels, decoded);
        }
    }

    /** A weight of {@code truths/quantization/inputs.safetensors}. */
    static Weight input(String name) {
        try (Checkpoint inputs = Truths.tensors("quantization/inputs.safetensors")) {
            return weight(inputs, name);
        }
    }

    /** The weights that the truths call {@code q_proj} and {@code down_proj}. */
    static Weight real(String name) {
        try (Checkpoint model = Checkpoint.open(Fixtures.path("tiny-qwen2"))) {
            return weight(
                    model,
                    switch (name) {
                        case "q_proj" -> "model.layers.0.self_attn.q_proj.weight";
                        case "down_proj" -> "model.layers.1.mlp.down_proj.weight";
                        default -> throw new IllegalArgumentException(name);
                    });
        }
    }

    private static Weight weight(Checkpoint checkpoint, String name) {
        TensorInfo info = checkpoint.tensor(name);
        return new Weight(Truths.floats(checkpoint, name), (int) info.shape().dimension(0), (int)
                info.shape().dimension(1));
    }

    byte[] part(String name) {
        return bytes(parts.get(name));
    }

    Shape shape(String part) {
        return parts.get(part).shape();
    }

    byte[] decoded() {
        return bytes(decoded);
    }

    /** The decoded values rounded to bfloat16 by the engine. */
    byte[] decodedToBf16() {
        try (Tensor rounded = kernels.call("convert", decoded, 15)) {
            return bytes(rounded);
        }
    }

    private byte[] bytes(Tensor tensor) {
        return bytes(kernels, tensor);
    }

    private static byte[] bytes(Kernels kernels, Tensor tensor) {
        ByteBuffer buffer = kernels.bytes(tensor);
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same elements bit for bit; says how many differ, and where the first does. */
    static void assertIdentical(String what, byte[] expected, byte[] actual, int elementBytes) {
        assertThat(actual).as("bytes of %s", what).hasSameSizeAs(expected);
        int different = 0;
        int first = -1;
        for (int at = 0; at < expected.length; at += elementBytes) {
            if (!Arrays.equals(expected, at, at + elementBytes, actual, at, at + elementBytes)) {
                first = different++ == 0 ? at : first;
            }
        }
        assertThat(different)
                .as(
                        "elements of %s that differ, of %d; first at %d: expected %s, got %s",
                        what,
                        expected.length / elementBytes,
                        first / elementBytes,
                        element(expected, first, elementBytes),
                        element(actual, first, elementBytes))
                .isZero();
    }

    private static String element(byte[] bytes, int at, int elementBytes) {
        if (at < 0) {
            return "-";
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return switch (elementBytes) {
            case 1 -> String.valueOf(bytes[at]);
            case 2 -> "0x" + Integer.toHexString(buffer.getShort(at) & 0xffff);
            default -> Float.toString(buffer.getFloat(at));
        };
    }

    @Override
    public void close() {
        parts.values().forEach(Tensor::close);
        decoded.close();
        kernels.close();
    }
}
