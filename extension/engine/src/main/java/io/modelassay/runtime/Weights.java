package io.modelassay.runtime;

import io.modelassay.architecture.Parameter;
import java.util.Map;
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

    /** The kernel file whose {@code linear} computes the linear modules of these weights. */
    default String linear() {
        return "unadapted.py";
    }

    /**
     * What an adapter adds to the linear module of {@code weight}: its tensors and numbers under the names that {@link
     * #linear} knows, empty where it adds nothing; the caller closes them.
     *
     * @param first the row of the weight that {@code rows} starts with
     * @param rows what {@link #load} or {@link #rows} gave of the weight
     */
    default Map<String, Tensor> parts(Parameter weight, long first, Tensor rows) {
        return Map.of();
    }

    /**
     * Brings what {@link #load} will read into memory, without arithmetic and without failing: what is wrong with the
     * parameter is said when it is loaded. Called on another thread.
     */
    default void prefetch(Parameter parameter) {}

    /** Frees what is held in memory. */
    @Override
    default void close() {}
}
