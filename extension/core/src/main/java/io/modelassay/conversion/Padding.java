package io.modelassay.conversion;

import com.fasterxml.jackson.core.JsonToken;
import io.modelassay.architecture.GatedMlp;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.ShardedSafetensorsWriter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.conversion.PaddingException.Reason;
import io.modelassay.failure.Place;
import io.modelassay.inspection.PaddingOrder;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.quantization.UnknownFormat;
import io.modelassay.runtime.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Widens the MLPs of an unquantized checkpoint by channels of zeros, so that a quantization's groups divide among the ranks
 * of tensor parallelism: rows of {@code gate_proj} and {@code up_proj} with their biases, columns of {@code down_proj}, and
 * {@code intermediate_size}. A zero channel contributes {@code silu(0) * 0}, times zeros, so the model computes the same.
 *
 * <p>To be done before quantization: {@code Padding.to(29696).interleaved().write(checkpoint, out)} for the 29568 channels of
 * Qwen2-72B, then groups of 128 divide among 8 ranks.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class Padding {
    /** The group size of nearly all quantizers, and the tile of nearly all kernels. */
    static final int USUAL_GROUP = 128;

    private static final int PIECE_BYTES = 1 << 24;
    private static final String SIZE = "intermediate_size";
    private static final List<String> CONFIGS = List.of("config.json", "generation_config.json");

    private final int size;
    private final PaddingOrder order;
    private final int pieceBytes;

    private Padding(int size, PaddingOrder order, int pieceBytes) {
        this.size = size;
        this.order = order;
        this.pieceBytes = pieceBytes;
    }

    /**
     * What was written.
     *
     * @param order where the zeros are
     * @param before channels of each MLP in the original
     * @param after channels of each MLP as written
     * @param padded number of tensors that were widened
     * @param tensors number of tensors
     * @param bytes bytes of all tensors
     * @param files names of the files, sorted
     * @param findings {@code padding-not-a-multiple} where the new size is not one of the usual group size
     */
    @API(status = API.Status.EXPERIMENTAL)
    public record Result(
            PaddingOrder order,
            int before,
            int after,
            int padded,
            int tensors,
            long bytes,
            List<String> files,
            List<Finding> findings) {}

    /** Which dimension of a tensor is widened, and how many times it counts the channels. */
    private enum Widening {
        ROWS,
        GATE_AND_UP_ROWS,
        COLUMNS
    }

    /** Padding to {@code intermediateSize} channels, {@link #interleaved} unless said otherwise. */
    public static Padding to(int intermediateSize) {
        return new Padding(intermediateSize, PaddingOrder.INTERLEAVED, PIECE_BYTES);
    }

    /**
     * Channels {@code w0, 0, w1, 0, …} until the zeros are used up, then the others, as Qwen's own script does it. No group of
     * a later quantization is zero as a whole.
     */
    public Padding interleaved() {
        return new Padding(size, PaddingOrder.INTERLEAVED, pieceBytes);
    }

    /** All zeros after the last channel. Sums keep their order, so that logits stay the same to the bit. */
    public Padding appended() {
        return new Padding(size, PaddingOrder.APPENDED, pieceBytes);
    }

    /** The same, holding about this many bytes of a tensor at a time. */
    Padding inPiecesOf(int bytes) {
        return new Padding(size, order, bytes);
    }

    /** As {@link #write(Checkpoint, Path, Progress)}, without telling how far it has come. */
    public Result write(Checkpoint checkpoint, Path out) {
        return write(checkpoint, out, Progress.SILENT);
    }

    /**
     * Writes {@code checkpoint}, padded, into the folder {@code out}, with its tokenizer and templates. Tensor by tensor, large
     * ones in slices; the folder appears complete or not at all.
     *
     * @param out a folder that does not exist yet, or is empty
     * @throws PaddingException if the checkpoint cannot be padded, or not to this size
     * @throws IllegalArgumentException if {@code out} is not empty
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public Result write(Checkpoint checkpoint, Path out, Progress progress) {
        OutputFolder target = OutputFolder.at(out);
        requireUnquantized(checkpoint);
        long configured = checkpoint.config().languageModel().integer(SIZE);
        int before = Math.toIntExact(Math.min(configured, Integer.MAX_VALUE));
        Map<String, Widening> widened = widenings(checkpoint, before);
        requireFittingSize(before);
        long[] bytes = {0};
        List<String> files = target.write(checkpoint, folder -> {
            bytes[0] = writeTensors(checkpoint, before, widened, folder, progress);
            for (String name : CONFIGS) {
                if (checkpoint.companionFile(name).isPresent()) {
                    copyConfig(checkpoint.companionFile(name).get(), folder.resolve(name), before);
                }
            }
        });
        return new Result(
                order,
                before,
                size,
                widened.size(),
                checkpoint.tensors().size(),
                bytes[0],
                files,
                notAMultiple().stream().toList());
    }

    private static void requireUnquantized(Checkpoint checkpoint) {
        StoredQuantization stored = StoredQuantization.of(checkpoint, Optional.empty());
        if (stored.isPresent()) {
            String how = stored.formats().keySet().stream()
                    .findFirst()
                    .map(format -> "its weights are stored as " + format)
                    .or(() -> stored.unknownFormat().map(UnknownFormat::evidence))
                    .orElse("its files declare a quantization");
            throw new PaddingException(
                    Reason.ALREADY_QUANTIZED,
                    "The checkpoint " + checkpoint.folder() + " is quantized (" + how
                            + "), and packed weights cannot be padded: codes of zero are no weights of zero",
                    "pad the 16-bit model, then quantize that");
        }
    }

    private Map<String, Widening> widenings(Checkpoint checkpoint, int before) {
        if (GatedMlp.hasExperts(checkpoint)) {
            throw new PaddingException(
                    Reason.MIXTURE_OF_EXPERTS,
                    "The checkpoint " + checkpoint.folder()
                            + " is a mixture of experts, whose MLPs are not padded here",
                    "a tensor-parallel size that divides moe_intermediate_size, or expert parallelism");
        }
        List<GatedMlp> mlps = GatedMlp.of(checkpoint.tensors().keySet());
        if (mlps.isEmpty()) {
            throw unknown(checkpoint, "has no MLP of gate_proj, up_proj and down_proj");
        }
        Map<String, Widening> widened = new TreeMap<>();
        for (GatedMlp mlp : mlps) {
            Widening rows = mlp.fused() ? Widening.GATE_AND_UP_ROWS : Widening.ROWS;
            for (String module : List.of(mlp.gate(), mlp.up())) {
                widened.put(module + ".weight", rows);
                checkpoint.find(module + ".bias").ifPresent(bias -> widened.put(bias.name(), rows));
            }
            widened.put(mlp.down() + ".weight", Widening.COLUMNS);
            for (TensorInfo tensor : checkpoint
                    .tensors()
                    .subMap(mlp.name() + ".", mlp.name() + "/")
                    .values()) {
                boolean ofChannels = tensor.shape().dimensions().contains((long) before)
                        && !tensor.name().equals(mlp.down() + ".bias");
                if (ofChannels && !widened.containsKey(tensor.name())) {
                    throw unknown(
                            checkpoint,
                            "has the tensor " + tensor.name() + " " + tensor.shape() + " in an MLP of " + before
                                    + " channels, and it is not known how to pad it");
                }
            }
        }
        widened.forEach((name, widening) -> requireShape(checkpoint, checkpoint.tensor(name), widening, before));
        return widened;
    }

    private static PaddingException unknown(Checkpoint checkpoint, String what) {
        return new PaddingException(
                Reason.UNKNOWN_MLP,
                "The checkpoint " + checkpoint.folder() + " " + what,
                "a model of the Llama, Mistral or Qwen families");
    }

    private static void requireShape(Checkpoint checkpoint, TensorInfo tensor, Widening widening, long before) {
        Shape shape = tensor.shape();
        long expected = widening == Widening.GATE_AND_UP_ROWS ? 2 * before : before;
        int dimension = widening == Widening.COLUMNS ? 1 : 0;
        if (shape.rank() <= dimension || shape.dimension(dimension) != expected) {
            throw new PaddingException(
                    Reason.SIZE_DISAGREES,
                    "Tensor " + tensor.name() + " is stored as " + shape + ", but config.json says " + SIZE + " "
                            + before,
                    Place.folder(checkpoint.folder()),
                    "inspect, which tells whether the model is padded in part, then the original's config and tensors");
        }
        if (!tensor.type().isFloatingPoint() || tensor.type().bits() < 16) {
            throw unknown(
                    checkpoint,
                    "stores " + tensor.name() + " as " + tensor.type().label() + ", which is no unquantized weight");
        }
    }

    private void requireFittingSize(int before) {
        if (size == before) {
            throw new PaddingException(
                    Reason.SAME_SIZE, "The MLPs have " + before + " channels already", "a larger --intermediate-size");
        }
        if (size < before) {
            throw new PaddingException(
                    Reason.SMALLER_SIZE,
                    "The MLPs have " + before + " channels, and padding to " + size + " would take some away",
                    "a size above " + before + ", such as " + multipleFrom(before + 1));
        }
        if (order == PaddingOrder.INTERLEAVED && size - before > before) {
            throw new PaddingException(
                    Reason.TOO_MANY_TO_INTERLEAVE,
                    (size - before) + " zeros cannot follow one each of " + before + " channels",
                    "at most " + 2 * before + " channels, or the appended order");
        }
    }

    private static long multipleFrom(long least) {
        return (least + USUAL_GROUP - 1) / USUAL_GROUP * USUAL_GROUP;
    }

    private Optional<Finding> notAMultiple() {
        return size % USUAL_GROUP == 0
                ? Optional.empty()
                : Optional.of(new Finding(
                        "padding-not-a-multiple",
                        Finding.Severity.WARNING,
                        "config.json",
                        size + " channels are no multiple of " + USUAL_GROUP
                                + ": groups of that size do not divide them, on one rank or on several",
                        "pad to " + multipleFrom(size) + ", or quantize in groups that divide " + size));
    }

    private void copyConfig(Path from, Path to, int before) throws IOException {
        ConfigCopy.copy(from, to, (place, token, text, json) -> {
            boolean size = token == JsonToken.VALUE_NUMBER_INT
                    && ModelConfig.isOfLanguageModel(place, SIZE)
                    && text.equals(String.valueOf(before));
            if (size) {
                json.writeNumber(this.size);
            }
            return size;
        });
    }

    private long writeTensors(
            Checkpoint checkpoint, int before, Map<String, Widening> widened, Path folder, Progress progress) {
        ShardedSafetensorsWriter.Builder builder = ShardedSafetensorsWriter.to(folder);
        for (TensorInfo tensor : checkpoint.tensors().values()) {
            builder.tensor(tensor.name(), tensor.type(), shape(tensor, widened.get(tensor.name()), before));
        }
        int done = 0;
        int all = checkpoint.tensors().size();
        try (ShardedSafetensorsWriter writer = builder.open()) {
            for (TensorInfo tensor : checkpoint.tensors().values()) {
                Widening widening = widened.get(tensor.name());
                Source source = new Source(checkpoint, tensor, writer, pieceBytes);
                if (widening == null) {
                    source.copy(0, tensor.byteLength());
                } else if (widening == Widening.COLUMNS) {
                    columns(source, before);
                } else {
                    for (int half = 0; half < (widening == Widening.ROWS ? 1 : 2); half++) {
                        rows(source, (long) half * before, before);
                    }
                }
                progress.step("padding tensors", ++done, all);
            }
            writer.commit();
            return writer.tensors().stream().mapToLong(TensorInfo::byteLength).sum();
        }
    }

    private Shape shape(TensorInfo tensor, @Nullable Widening widening, int before) {
        if (widening == null) {
            return tensor.shape();
        }
        List<Long> dimensions = new ArrayList<>(tensor.shape().dimensions());
        switch (widening) {
            case ROWS -> dimensions.set(0, (long) size);
            case GATE_AND_UP_ROWS -> dimensions.set(0, dimensions.get(0) + 2L * (size - before));
            case COLUMNS -> dimensions.set(1, (long) size);
        }
        return new Shape(dimensions);
    }

    /** A tensor's bytes on their way to the writer. */
    private record Source(Checkpoint checkpoint, TensorInfo tensor, ShardedSafetensorsWriter writer, int pieceBytes) {
        long rowBytes() {
            return tensor.byteLength() / tensor.shape().dimension(0);
        }

        ByteBuffer bytes(long from, long length) {
            return checkpoint.map(tensor, from, Math.toIntExact(length));
        }

        void copy(long from, long length) {
            for (long done = 0; done < length; done += pieceBytes) {
                write(bytes(from + done, Math.min(pieceBytes, length - done)));
            }
        }

        void write(ByteBuffer bytes) {
            writer.write(tensor.name(), bytes);
        }

        void zeros(long length) {
            for (long done = 0; done < length; done += pieceBytes) {
                write(ByteBuffer.allocate((int) Math.min(pieceBytes, length - done)));
            }
        }
    }

    /** Rows {@code first} to {@code first + count} with zero rows between them or after them. */
    private void rows(Source source, long first, long count) {
        long rowBytes = source.rowBytes();
        long pad = size - count;
        long followed = order == PaddingOrder.INTERLEAVED ? pad : 0;
        int perPiece = (int) Math.max(1, pieceBytes / rowBytes);
        for (long row = 0; row < followed; row += perPiece) {
            int rows = (int) Math.min(perPiece, followed - row);
            ByteBuffer in = source.bytes((first + row) * rowBytes, rows * rowBytes);
            ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(2L * rows * rowBytes));
            for (int i = 0; i < rows; i++) {
                out.put((int) (2L * i * rowBytes), in, (int) (i * rowBytes), (int) rowBytes);
            }
            source.write(out);
        }
        source.copy((first + followed) * rowBytes, (count - followed) * rowBytes);
        source.zeros((pad - followed) * rowBytes);
    }

    private void columns(Source source, int before) {
        int element = source.tensor().type().bits() / 8;
        long inBytes = (long) before * element;
        int outBytes = Math.multiplyExact(size, element);
        int interleaved = order == PaddingOrder.INTERLEAVED ? size - before : 0;
        long rows = source.tensor().shape().dimension(0);
        int perPiece = Math.max(1, pieceBytes / outBytes);
        for (long row = 0; row < rows; row += perPiece) {
            int count = (int) Math.min(perPiece, rows - row);
            ByteBuffer in = source.bytes(row * inBytes, count * inBytes);
            ByteBuffer out = ByteBuffer.allocate(count * outBytes);
            for (int i = 0; i < count; i++) {
                int from = (int) (i * inBytes);
                int to = i * outBytes;
                for (int j = 0; j < interleaved; j++) {
                    out.put(to + 2 * j * element, in, from + j * element, element);
                }
                int done = interleaved * element;
                out.put(to + 2 * done, in, from + done, (int) inBytes - done);
            }
            source.write(out);
        }
    }
}
