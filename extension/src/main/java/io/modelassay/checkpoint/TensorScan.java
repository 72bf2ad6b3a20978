package io.modelassay.checkpoint;

import java.util.OptionalLong;
import org.apiguardian.api.API;

/**
 * What a scan saw in one tensor. An element of a complex tensor counts as one, as NaN if either part is NaN, else as
 * infinite if either part is.
 *
 * @param name the tensor
 * @param type element type as stored
 * @param shape dimensions, outermost first
 * @param count elements scanned
 * @param nan elements that are NaN
 * @param inf elements that are positive or negative infinity
 * @param absMax largest absolute value of all finite elements (of all finite parts for a complex tensor), 0 if there is
 *     none; rounded to a {@code double} for 64-bit integers
 * @param firstNonFiniteIndex row-major flat index of the first element that is NaN or infinite
 */
@API(status = API.Status.EXPERIMENTAL)
public record TensorScan(
        String name,
        TensorType type,
        Shape shape,
        long count,
        long nan,
        long inf,
        double absMax,
        OptionalLong firstNonFiniteIndex) {

    /** Whether every element is finite. */
    public boolean isFinite() {
        return nan == 0 && inf == 0;
    }
}
