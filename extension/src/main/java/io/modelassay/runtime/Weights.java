package io.modelassay.runtime;

import io.modelassay.architecture.Parameter;
import org.apiguardian.api.API;

/** A model's weights as the forward pass takes them: floating point, under the architecture's names. */
@API(status = API.Status.INTERNAL)
public interface Weights extends AutoCloseable {
    /** The whole parameter in {@code dtype}; the caller closes it. */
    Tensor load(Parameter parameter, DType dtype);

    /** Rows {@code first} to {@code first + count} of a table such as the head; the caller closes them. */
    Tensor rows(Parameter table, long first, long count, DType dtype);

    /** The rows of {@code table} at {@code ids}, {@code [ids, columns]}; the caller closes them. */
    Tensor gather(Parameter table, int[] ids, DType dtype);

    /**
     * Brings what {@link #load} will read into memory, without arithmetic and without failing: what is wrong with the
     * parameter is said when it is loaded. Called on another thread.
     */
    default void prefetch(Parameter parameter) {}

    /** Frees what is held in memory. */
    @Override
    default void close() {}
}
