package io.modelassay.adapter;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.apiguardian.api.API;

/**
 * A tensor of an adapter, stored or made from a seed.
 *
 * @param name its key, for messages
 * @param type its type
 * @param shape its shape
 * @param bytes its little-endian bytes, direct or memory-mapped
 */
@API(status = API.Status.INTERNAL)
public record AdapterTensor(String name, TensorType type, Shape shape, Supplier<ByteBuffer> bytes) {
    static AdapterTensor stored(PeftAdapter adapter, TensorInfo tensor) {
        return new AdapterTensor(
                tensor.name(),
                tensor.type(),
                tensor.shape(),
                () -> adapter.weights().map(tensor));
    }

    /** Whether training changes it; what all modules share is fixed from the start. */
    public boolean isTrained() {
        return name.startsWith(AdapterKey.PREFIX);
    }
}
