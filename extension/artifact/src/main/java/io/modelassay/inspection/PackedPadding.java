package io.modelassay.inspection;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the packed parts of one quantized module show to have been widened after quantization. No quantizer writes a scale of
 * zero, a group that no channel belongs to, or words for more channels than there are; and a word of zeros is no weight of
 * zero: it decodes to {@code (0 - zero point) * scale}.
 */
final class PackedPadding {
    private static final Set<String> EXACT_SCALES = Set.of("gptq", "gptq_v2", "gemm", "pack-quantized");

    private final Checkpoint checkpoint;
    private final StoredQuantization stored;
    private final String module;

    PackedPadding(Checkpoint checkpoint, StoredQuantization stored, String module) {
        this.checkpoint = checkpoint;
        this.stored = stored;
        this.module = module;
    }

    /** One sentence of evidence, or nothing. */
    Optional<String> evidence() {
        Optional<PackedWeight> weight = stored.find(module + ".weight");
        return shapes().or(() -> weight.flatMap(this::scales))
                .or(() -> weight.flatMap(this::groups))
                .or(() -> weight.flatMap(this::words));
    }

    private @Nullable TensorInfo part(String name) {
        return checkpoint
                .find(module + "." + name)
                .filter(tensor -> tensor.shape().elementCount() > 0)
                .orElse(null);
    }

    /** GPTQ's parts tell the number of channels several times over. */
    private Optional<String> shapes() {
        TensorInfo words = part("qweight");
        TensorInfo zeros = part("qzeros");
        TensorInfo scales = part("scales");
        TensorInfo index = part("g_idx");
        if (words == null || zeros == null || scales == null || index == null) {
            return Optional.empty();
        }
        if (words.shape().rank() != 2
                || zeros.shape().rank() != 2
                || scales.shape().rank() != 2) {
            return Optional.empty();
        }
        Shape packed = words.shape();
        long outputs = scales.shape().dimension(1);
        long bits = 32 * zeros.shape().dimension(1) / outputs;
        long inputs = index.shape().elementCount();
        if (bits > 0 && packed.dimension(0) > (inputs + 31) / 32 * bits) {
            return Optional.of("g_idx has " + inputs + " entries, qweight " + packed + " has words for "
                    + packed.dimension(0) * 32 / bits + " input channels");
        }
        if (packed.dimension(1) > outputs) {
            return Optional.of(
                    "qweight " + packed + " has " + packed.dimension(1) + " output channels, scales have " + outputs);
        }
        if (zeros.shape().dimension(0) != scales.shape().dimension(0)) {
            return Optional.of("scales have " + scales.shape().dimension(0) + " groups, qzeros "
                    + zeros.shape().dimension(0));
        }
        return Optional.empty();
    }

    private Optional<String> scales(PackedWeight weight) {
        if (!EXACT_SCALES.contains(weight.format().variant())) {
            return Optional.empty();
        }
        for (TensorInfo scale : weight.scales().values()) {
            if (scale.shape().rank() == 2) {
                int rows = ZeroBytes.in(checkpoint, scale).lastRows();
                int columns = ZeroBytes.in(checkpoint, scale).lastColumns();
                if (rows + columns > 0) {
                    String of = rows > 0
                            ? "rows of " + scale.shape().dimension(0)
                            : "columns of " + scale.shape().dimension(1);
                    return Optional.of(
                            "the last " + Math.max(rows, columns) + " " + of + " of " + local(scale) + " are zero");
                }
            }
        }
        return Optional.empty();
    }

    private static String local(TensorInfo tensor) {
        return tensor.name().substring(tensor.name().lastIndexOf('.') + 1);
    }

    private Optional<String> groups(PackedWeight weight) {
        TensorInfo index = weight.parts().get("g_idx");
        TensorInfo scales = weight.parts().get("scales");
        if (!weight.format().scheme().equals("gptq")
                || index == null
                || scales == null
                || index.type() != TensorType.I32) {
            return Optional.empty();
        }
        ByteBuffer groups = checkpoint.map(index);
        int count = Math.toIntExact(scales.shape().dimension(0));
        int last = groups.getInt(groups.limit() - 4);
        if (last >= count && groups.getInt(0) < count) {
            return Optional.of("g_idx names group " + last + ", scales have " + count);
        }
        int most = 0;
        while (groups.hasRemaining()) {
            most = Math.max(most, groups.getInt());
        }
        // Zeros alone are no order of groups, but a tensor that nobody filled in.
        return most > 0 && most < count - 1
                ? Optional.of("g_idx names groups up to " + most + ", scales have " + count)
                : Optional.empty();
    }

    /** Words of zeros at the end of a dimension, where the zero points are other than zero. */
    private Optional<String> words(PackedWeight weight) {
        TensorInfo words = weight.parts().get("qweight");
        TensorInfo zeros = weight.parts().get("qzeros");
        boolean gptq = weight.format().scheme().equals("gptq");
        boolean known = gptq || weight.format().variant().equals("gemm");
        if (!known || words == null || zeros == null) {
            return Optional.empty();
        }
        boolean stepped = gptq && weight.codec().option("offset") == 1;
        int rows = ZeroBytes.in(checkpoint, words).lastRows();
        if (rows > 0 && (stepped || ZeroBytes.in(checkpoint, zeros).lastRows() == 0)) {
            long channels = gptq ? rows * 32L / weight.format().bits() : rows;
            return Optional.of("the codes of the last " + channels
                    + " input channels are zero words, which decode to (0 - zero point) * scale, not to 0");
        }
        int columns = ZeroBytes.in(checkpoint, words).lastColumns();
        if (columns > 0 && (stepped || ZeroBytes.in(checkpoint, zeros).lastColumns() == 0)) {
            long channels = gptq ? columns : columns * 32L / weight.format().bits();
            return Optional.of("the codes of the last " + channels
                    + " output channels are zero words, which decode to (0 - zero point) * scale, not to 0");
        }
        if (stepped && ZeroBytes.in(checkpoint, zeros).lastRows() > 0) {
            return Optional.of("the zero points of the last group are zero words, which stand for 1");
        }
        return Optional.empty();
    }
}
