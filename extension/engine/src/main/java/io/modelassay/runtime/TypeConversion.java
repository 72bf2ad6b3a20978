package io.modelassay.runtime;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.apiguardian.api.API;

/**
 * Stored floating-point tensors in another type, computed in the engine, in pieces of bounded size. Rounds to nearest,
 * ties to even; what exceeds the target's range becomes infinite.
 */
@API(status = API.Status.INTERNAL)
public final class TypeConversion {
    /** Bytes of the larger side of one piece. A multiple of every element size. */
    private static final long PIECE_BYTES = 64L << 20;

    private final Kernels kernels;
    private final DType target;

    /** Conversions to {@code target}, which is not {@link DType#AUTO}, on {@code engine}. */
    public TypeConversion(TorchEngine engine, DType target) {
        this.kernels = Kernels.conversions(engine);
        this.target = target;
    }

    /** Whether a tensor of {@code type} is converted: any real floating-point type but the target itself. */
    public boolean applies(TensorType type) {
        return type.isFloatingPoint() && type != TensorType.C64 && type != target.tensorType();
    }

    /**
     * Hands the bytes of {@code tensor} in the target type, or as stored where the conversion does not apply, to
     * {@code sink}, first to last. Each buffer is valid during the call only.
     *
     * @throws RuntimeFailure {@code unsupported-dtype} for a type that the engine cannot compute with
     */
    public void convert(Checkpoint checkpoint, TensorInfo tensor, Consumer<ByteBuffer> sink) {
        if (!applies(tensor.type())) {
            for (long at = 0; at < tensor.byteLength(); at += PIECE_BYTES) {
                sink.accept(checkpoint.map(tensor, at, (int) Math.min(PIECE_BYTES, tensor.byteLength() - at)));
            }
            return;
        }
        TorchEngine.scalarType(tensor.type(), tensor.name());
        int bytes = tensor.type().bits() / 8;
        long elements = PIECE_BYTES / Math.max(bytes, target.tensorType().bits() / 8);
        long count = tensor.shape().elementCount();
        for (long at = 0; at < count; at += elements) {
            long piece = Math.min(elements, count - at);
            ByteBuffer stored = checkpoint.map(tensor, at * bytes, Math.toIntExact(piece * bytes));
            try (Tensor x = kernels.stored(tensor.name(), tensor.type(), Shape.of(piece), stored);
                    Tensor converted = kernels.call("convert", x, target.scalarType())) {
                sink.accept(kernels.bytes(converted));
            }
        }
    }
}
