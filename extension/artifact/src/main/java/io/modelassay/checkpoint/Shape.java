package io.modelassay.checkpoint;

import java.util.List;
import java.util.stream.LongStream;
import org.apiguardian.api.API;

/**
 * Dimensions of a tensor, outermost first. No dimension at all is a scalar with one element.
 *
 * @param dimensions sizes, none negative; their product fits a {@code long}
 */
@API(status = API.Status.EXPERIMENTAL)
public record Shape(List<Long> dimensions) {

    /**
     * Checks and copies the dimensions.
     *
     * @throws IllegalArgumentException if a dimension is negative or the element count overflows a {@code long}
     */
    public Shape {
        dimensions = List.copyOf(dimensions);
        long count = 1;
        for (long dimension : dimensions) {
            if (dimension < 0) {
                throw new IllegalArgumentException("negative dimension in shape " + dimensions);
            }
            try {
                count = Math.multiplyExact(count, dimension);
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException("element count of shape " + dimensions + " overflows 63 bits", e);
            }
        }
    }

    /** The shape with these dimensions, outermost first. */
    public static Shape of(long... dimensions) {
        return new Shape(LongStream.of(dimensions).boxed().toList());
    }

    /** Number of dimensions, 0 for a scalar. */
    public int rank() {
        return dimensions.size();
    }

    /**
     * Size of one dimension.
     *
     * @throws IndexOutOfBoundsException if there is no such dimension
     */
    public long dimension(int index) {
        return dimensions.get(index);
    }

    /** Product of all dimensions: 1 for a scalar, 0 if any dimension is 0. */
    public long elementCount() {
        long count = 1;
        for (long dimension : dimensions) {
            count *= dimension;
        }
        return count;
    }

    /** As PyTorch prints it, such as {@code [2, 3]}. */
    @Override
    public String toString() {
        return dimensions.toString();
    }
}
