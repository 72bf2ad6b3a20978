package io.modelassay.runtime;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.architecture.StoredNames;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.failure.Place;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import org.apiguardian.api.API;

/** Weights read from a checkpoint as they are stored; mapped, converted in the engine, never held. */
@API(status = API.Status.INTERNAL)
public final class StoredWeights implements Weights {
    private static final int PIECE_BYTES = 1 << 26;

    private final Checkpoint checkpoint;
    private final StoredNames names;
    private final Kernels kernels;

    /** Weights of {@code checkpoint} as {@code plan} names them; the checkpoint stays its owner's to close. */
    public StoredWeights(Checkpoint checkpoint, ModelPlan plan, Kernels kernels) {
        this.checkpoint = checkpoint;
        this.names = StoredNames.of(checkpoint, plan);
        this.kernels = kernels;
    }

    @Override
    public Tensor load(Parameter parameter, DType dtype) {
        TensorInfo tensor = checked(parameter);
        return converted(tensor, tensor.shape(), checkpoint.map(tensor), dtype);
    }

    @Override
    public Tensor rows(Parameter table, long first, long count, DType dtype) {
        TensorInfo tensor = checked(table);
        long rowBytes = rowBytes(tensor);
        ByteBuffer bytes = checkpoint.map(tensor, first * rowBytes, Math.toIntExact(count * rowBytes));
        return converted(tensor, Shape.of(count, tensor.shape().dimension(1)), bytes, dtype);
    }

    @Override
    public Tensor gather(Parameter table, int[] ids, DType dtype) {
        TensorInfo tensor = checked(table);
        int rowBytes = Math.toIntExact(rowBytes(tensor));
        ByteBuffer rows = ByteBuffer.allocateDirect(Math.multiplyExact(ids.length, rowBytes))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int id : ids) {
            if (id < 0 || id >= tensor.shape().dimension(0)) {
                throw new RuntimeFailure(
                        RuntimeProblem.TOKEN_OUT_OF_RANGE,
                        "Token id " + id + " has no row in " + tensor.name() + " " + tensor.shape(),
                        "the tokenizer that belongs to this checkpoint");
            }
            rows.put(checkpoint.map(tensor, (long) id * rowBytes, rowBytes));
        }
        return converted(tensor, Shape.of(ids.length, tensor.shape().dimension(1)), rows.flip(), dtype);
    }

    @Override
    public void prefetch(Parameter parameter) {
        names.tensor(parameter).ifPresent(tensor -> touch(checkpoint, tensor));
    }

    /** Brings the tensor's pages into memory, in pieces, until interrupted. */
    static void touch(Checkpoint checkpoint, TensorInfo tensor) {
        for (long from = 0;
                from < tensor.byteLength() && !Thread.currentThread().isInterrupted();
                from += PIECE_BYTES) {
            int length = Math.toIntExact(Math.min(PIECE_BYTES, tensor.byteLength() - from));
            if (checkpoint.map(tensor, from, length) instanceof MappedByteBuffer mapped) {
                mapped.load();
            }
        }
    }

    private static long rowBytes(TensorInfo tensor) {
        return tensor.byteLength() / tensor.shape().dimension(0);
    }

    private TensorInfo checked(Parameter parameter) {
        TensorInfo tensor = names.tensor(parameter).orElseGet(() -> checkpoint.tensor(parameter.name()));
        if (!tensor.shape().equals(parameter.shape())) {
            throw new RuntimeFailure(
                    RuntimeProblem.SHAPE_MISMATCH,
                    "Tensor " + tensor.name() + " is stored as " + tensor.shape() + ", but the config says "
                            + parameter.shape(),
                    Place.file(tensor.file()),
                    "the config.json that belongs to these weights");
        }
        return tensor;
    }

    private Tensor converted(TensorInfo tensor, Shape shape, ByteBuffer bytes, DType dtype) {
        Tensor stored = kernels.stored(tensor.name(), tensor.type(), shape, bytes);
        if (tensor.type() == dtype.tensorType()) {
            return stored;
        }
        try (stored) {
            return kernels.call("convert", stored, dtype.scalarType());
        }
    }
}
