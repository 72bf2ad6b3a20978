package io.modelassay.runtime;

import ai.djl.pytorch.engine.PtNDArray;
import io.modelassay.checkpoint.Shape;
import org.apiguardian.api.API;

/**
 * A tensor that lives in the engine. Opaque on purpose: DJL ends the JVM when asked for the type of a tensor it does not
 * know (bfloat16 among them), so a tensor is only ever handed from kernel to kernel, and read back through
 * {@link Kernels#floats} and its siblings, which convert first.
 *
 * <p>Native memory is freed by {@link #close}; whoever got the tensor closes it.
 */
@API(status = API.Status.INTERNAL)
public final class Tensor implements AutoCloseable {
    private final PtNDArray array;

    Tensor(PtNDArray array) {
        this.array = array;
    }

    PtNDArray array() {
        return array;
    }

    /** Its shape. */
    public Shape shape() {
        return Shape.of(array.getShape().getShape());
    }

    /** Number of elements. */
    public long elements() {
        return array.getShape().size();
    }

    @Override
    public void close() {
        array.close();
    }
}
