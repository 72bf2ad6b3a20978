package io.modelassay.runtime;

import java.util.List;
import org.apiguardian.api.API;

/**
 * A tensor in a few numbers, by which it is compared with the same tensor of another process, library version or machine.
 *
 * @param name name of the parameter whose weight it is, or of the module whose output it is
 * @param kind which of the two
 * @param shape its shape
 * @param norm its Frobenius norm
 * @param largest its largest magnitude, by which it keeps off the end of a type's range
 * @param sums sums of all values with random signs, the same signs everywhere
 */
@API(status = API.Status.INTERNAL)
public record TensorSketch(String name, Kind kind, List<Long> shape, double norm, double largest, List<Double> sums) {
    /** What a tensor is. */
    public enum Kind {
        /** A weight, decoded if it is stored quantized. */
        WEIGHT,
        /** What a module computed. */
        OUTPUT
    }
}
