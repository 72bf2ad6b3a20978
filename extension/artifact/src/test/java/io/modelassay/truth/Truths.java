package io.modelassay.truth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/** The fixtures, and the figures that the real Python libraries gave on them. */
public final class Truths {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Truths() {}

    /** The tensors of {@code truths/<file>}. */
    public static Checkpoint tensors(String file) {
        return Checkpoint.open(Fixtures.truths(file));
    }

    /** The content of {@code truths/<file>}. */
    public static JsonNode json(String file) {
        try {
            return JSON.readTree(Fixtures.truths(file).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The description of a quantized variant: its base, its provenance, what the tool decodes it to. */
    public static JsonNode variant(String name) {
        try {
            return JSON.readTree(Fixtures.variantDescription(name).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The ids of the whole held-out text. */
    public static int[] tokens(String model) {
        return ids(json(model + "/tokens.json"));
    }

    /** The first 2048 ids of the held-out text. */
    public static int[] firstTokens(String model) {
        return ids(json(model + "/tokens-2048.json"));
    }

    private static int[] ids(JsonNode array) {
        int[] ids = new int[array.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = array.get(i).intValue();
        }
        return ids;
    }

    /** A tensor's bytes as they are stored. */
    public static byte[] bytes(Checkpoint checkpoint, String tensor) {
        ByteBuffer buffer = checkpoint.map(checkpoint.tensor(tensor));
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    /** The values of an F32 or BF16 tensor, read without the engine. */
    public static float[] floats(Checkpoint checkpoint, String tensor) {
        TensorInfo info = checkpoint.tensor(tensor);
        ByteBuffer buffer = checkpoint.map(info);
        float[] values = new float[Math.toIntExact(info.shape().elementCount())];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (info.type()) {
                case F32 -> buffer.getFloat();
                case BF16 -> Float.intBitsToFloat(buffer.getShort() << 16);
                default -> throw new IllegalArgumentException(tensor + " is " + info.type());
            };
        }
        return values;
    }
}
