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

    /** @param firstNonFinite {@link Long#MAX_VALUE} if there is none */
    static TensorScan of(
            String name, TensorType type, Shape shape, long nan, long inf, double absMax, long firstNonFinite) {
        long count = shape.elementCount();
        // E8M0 has no zero to start from, so its largest value is never 0, even over nothing.
        boolean nothingFinite = type == TensorType.F8_E8M0 && nan == count;
        OptionalLong first = firstNonFinite == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(firstNonFinite);
        return new TensorScan(name, type, shape, count, nan, inf, nothingFinite ? 0 : absMax, first);
    }

    /** Whether every element is finite. */
    public boolean isFinite() {
        return nan == 0 && inf == 0;
    }
}
