package io.modelassay.truth;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A small model rounded to 4 bits in groups of 128 and packed as GPTQ (checkpoint format gptq) or AWQ (gemm) lays it out, with
 * scales in F32; and the same with its packed MLPs widened afterwards, as nobody should.
 */
public final class PackedTwin {
    private static final int GROUP = 128;
    private static final int[] AWQ_ORDER = {0, 2, 4, 6, 1, 3, 5, 7};

    /** Ways to widen packed MLPs by zero words. */
    public enum Widening {
        /** Scales of zero, and g_idx goes on. */
        ZERO_SCALES,
        /** Scales that are none. */
        ANY_SCALES,
        /** g_idx is forgotten. */
        SHORT_G_IDX,
        /** g_idx goes on with the last group of the original. */
        STALE_G_IDX
    }

    private final Checkpoint source;
    private final SortedMap<String, Part> parts = new TreeMap<>();

    /** A matrix of four-byte elements, or a vector of one row. */
    private record Part(TensorType type, int rows, int columns, int[] values, boolean vector) {
        static Part words(int rows, int columns) {
            return new Part(TensorType.I32, rows, columns, new int[rows * columns], false);
        }

        static Part scales(int rows, int columns) {
            return new Part(TensorType.F32, rows, columns, new int[rows * columns], false);
        }

        void or(int row, int column, int bits) {
            values[row * columns + column] |= bits;
        }

        void set(int row, int column, float value) {
            values[row * columns + column] = Float.floatToRawIntBits(value);
        }

        Part widened(int toRows, int toColumns, int fill) {
            int[] wide = new int[toRows * toColumns];
            for (int row = 0; row < toRows; row++) {
                for (int column = 0; column < toColumns; column++) {
                    boolean inside = row < rows && column < columns;
                    wide[row * toColumns + column] = inside ? values[row * columns + column] : fill;
                }
            }
            return new Part(type, toRows, toColumns, wide, vector);
        }

        Shape shape() {
            return vector ? Shape.of(columns) : Shape.of(rows, columns);
        }
    }

    private PackedTwin(Checkpoint source) {
        this.source = source;
    }

    /** GPTQ, symmetric; in act-order the zero channels of a matrix share the last group. */
    public static Path gptq(Path model, Path out, boolean actOrder) {
        try (Checkpoint source = Checkpoint.open(model)) {
            PackedTwin twin = new PackedTwin(source);
            twin.linears((module, w, n, k) -> twin.gptq(module, w, n, k, actOrder));
            return twin.write(out, gptqConfig(actOrder), 0);
        }
    }

    /** AWQ with zero points. */
    public static Path awq(Path model, Path out) {
        try (Checkpoint source = Checkpoint.open(model)) {
            PackedTwin twin = new PackedTwin(source);
            twin.linears(twin::awq);
            return twin.write(out, awqConfig(), 0);
        }
    }

    /** GPTQ, then its MLPs widened to {@code size} channels. */
    public static Path gptqWidened(Path model, Path out, int size, Widening how) {
        try (Checkpoint source = Checkpoint.open(model)) {
            PackedTwin twin = new PackedTwin(source);
            twin.linears((module, w, n, k) -> twin.gptq(module, w, n, k, false));
            for (String name : source.tensors().keySet()) {
                if (name.contains(".mlp.")) {
                    twin.widen(name.substring(0, name.lastIndexOf('.')), size, how);
                }
            }
            return twin.write(out, gptqConfig(false), size);
        }
    }

    /** AWQ, then its MLPs widened to {@code size} channels. */
    public static Path awqWidened(Path model, Path out, int size, boolean zeroScales) {
        int fill = zeroScales ? 0 : Float.floatToRawIntBits(0.01f);
        try (Checkpoint source = Checkpoint.open(model)) {
            PackedTwin twin = new PackedTwin(source);
            twin.linears(twin::awq);
            for (String name : source.tensors().keySet()) {
                if (name.contains(".mlp.")) {
                    String module = name.substring(0, name.lastIndexOf('.'));
                    boolean down = module.endsWith("down_proj");
                    int n = down ? 256 : size;
                    int k = down ? size : 256;
                    twin.replace(module + ".qweight", k, n / 8, 0);
                    // Zero points of one, so that a zero code is no zero.
                    twin.replace(module + ".qzeros", k / GROUP, n / 8, 0x11111111);
                    twin.replace(module + ".scales", k / GROUP, n, fill);
                }
            }
            return twin.write(out, awqConfig(), size);
        }
    }

    private static String gptqConfig(boolean actOrder) {
        return """
                {"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": true, "checkpoint_format": "gptq",
                 "desc_act": %s}""".formatted(actOrder);
    }

    private static String awqConfig() {
        return """
                {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": true, "version": "gemm"}""";
    }

    private interface Packer {
        void pack(String module, float[] w, int n, int k);
    }

    private void linears(Packer packer) {
        for (TensorInfo tensor : source.tensors().values()) {
            if (tensor.name().endsWith("_proj.weight")) {
                String module = tensor.name().substring(0, tensor.name().length() - ".weight".length());
                int n = (int) tensor.shape().dimension(0);
                int k = (int) tensor.shape().dimension(1);
                packer.pack(module, Truths.floats(source, tensor.name()), n, k);
            }
        }
    }

    private void gptq(String module, float[] w, int n, int k, boolean actOrder) {
        int[] group = new int[k];
        int rank = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (int j = 0; j < k; j++) {
                // Channels in another order, those of zeros last; without act-order as they come.
                int channel = actOrder ? j * 37 % k : j;
                boolean dead = actOrder && isZeroColumn(w, n, k, channel);
                if (dead == (pass == 1)) {
                    group[channel] = rank++ / GROUP;
                }
            }
        }
        int groups = k / GROUP;
        Part words = Part.words(k / 8, n);
        Part zeros = Part.words(groups, n / 8);
        Part scales = Part.scales(groups, n);
        for (int row = 0; row < n; row++) {
            float[] most = new float[groups];
            for (int j = 0; j < k; j++) {
                most[group[j]] = Math.max(most[group[j]], Math.abs(w[row * k + j]));
            }
            for (int g = 0; g < groups; g++) {
                scales.set(g, row, (most[g] == 0 ? 1 : most[g]) * 2 / 15);
                zeros.or(g, row / 8, 7 << (4 * (row % 8)));
            }
            for (int j = 0; j < k; j++) {
                float scale = (most[group[j]] == 0 ? 1 : most[group[j]]) * 2 / 15;
                int code = Math.max(0, Math.min(15, Math.round(w[row * k + j] / scale) + 8));
                words.or(j / 8, row, code << (4 * (j % 8)));
            }
        }
        parts.put(module + ".qweight", words);
        parts.put(module + ".qzeros", zeros);
        parts.put(module + ".scales", scales);
        parts.put(module + ".g_idx", new Part(TensorType.I32, 1, k, group, true));
    }

    private static boolean isZeroColumn(float[] w, int n, int k, int column) {
        for (int row = 0; row < n; row++) {
            if (w[row * k + column] != 0) {
                return false;
            }
        }
        return true;
    }

    private void awq(String module, float[] w, int n, int k) {
        int groups = k / GROUP;
        Part words = Part.words(k, n / 8);
        Part zeros = Part.words(groups, n / 8);
        Part scales = Part.scales(groups, n);
        for (int row = 0; row < n; row++) {
            int shift = 4 * indexOf(row % 8);
            for (int g = 0; g < groups; g++) {
                float least = Float.MAX_VALUE;
                float most = -Float.MAX_VALUE;
                for (int j = g * GROUP; j < (g + 1) * GROUP; j++) {
                    least = Math.min(least, w[row * k + j]);
                    most = Math.max(most, w[row * k + j]);
                }
                float scale = Math.max(most - least, 1e-5f) / 15;
                int zero = Math.max(0, Math.min(15, -Math.round(least / scale)));
                scales.set(g, row, scale);
                zeros.or(g, row / 8, zero << shift);
                for (int j = g * GROUP; j < (g + 1) * GROUP; j++) {
                    int code = Math.max(0, Math.min(15, Math.round(w[row * k + j] / scale) + zero));
                    words.or(j, row / 8, code << shift);
                }
            }
        }
        parts.put(module + ".qweight", words);
        parts.put(module + ".qzeros", zeros);
        parts.put(module + ".scales", scales);
    }

    private static int indexOf(int output) {
        for (int i = 0; i < 8; i++) {
            if (AWQ_ORDER[i] == output) {
                return i;
            }
        }
        throw new IllegalArgumentException("" + output);
    }

    private void widen(String module, int size, Widening how) {
        boolean down = module.endsWith("down_proj");
        int n = down ? 256 : size;
        int k = down ? size : 256;
        int scale = how == Widening.ZERO_SCALES ? 0 : Float.floatToRawIntBits(0.01f);
        replace(module + ".qweight", k / 8, n, 0);
        replace(module + ".qzeros", k / GROUP, n / 8, 0);
        replace(module + ".scales", k / GROUP, n, scale);
        if (down && how != Widening.SHORT_G_IDX) {
            Part index = parts.get(module + ".g_idx");
            int before = index.columns();
            replace(module + ".g_idx", 1, k, before / GROUP - 1);
            if (how != Widening.STALE_G_IDX) {
                int[] groups = parts.get(module + ".g_idx").values();
                for (int j = before; j < k; j++) {
                    groups[j] = j / GROUP;
                }
            }
        }
    }

    private void replace(String name, int rows, int columns, int fill) {
        parts.put(name, parts.get(name).widened(rows, columns, fill));
    }

    private Path write(Path out, String quantization, int size) {
        try {
            Files.createDirectories(out);
            ObjectMapper mapper = new ObjectMapper();
            ObjectNode config =
                    (ObjectNode) mapper.readTree(source.config().file().toFile());
            config.set("quantization_config", mapper.readTree(quantization));
            if (size > 0) {
                config.put("intermediate_size", size);
            }
            Files.writeString(out.resolve("config.json"), config.toPrettyString());
            SafetensorsWriter.Builder builder = SafetensorsWriter.to(out.resolve("model.safetensors"));
            for (TensorInfo tensor : source.tensors().values()) {
                if (!tensor.name().endsWith("_proj.weight")) {
                    builder.tensor(tensor.name(), tensor.type(), tensor.shape());
                }
            }
            parts.forEach((name, part) -> builder.tensor(name, part.type(), part.shape()));
            try (SafetensorsWriter writer = builder.open()) {
                for (TensorInfo tensor : source.tensors().values()) {
                    if (!tensor.name().endsWith("_proj.weight")) {
                        writer.write(tensor.name(), source.map(tensor));
                    }
                }
                for (Map.Entry<String, Part> part : parts.entrySet()) {
                    int[] values = part.getValue().values();
                    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
                    bytes.asIntBuffer().put(values);
                    writer.write(part.getKey(), bytes);
                }
                writer.commit();
            }
            return out;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
