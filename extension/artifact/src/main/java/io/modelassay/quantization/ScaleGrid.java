package io.modelassay.quantization;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * The tiles of a matrix that have one scale each; the last of a row or column of tiles may be cut off.
 *
 * @param rows rows of a tile, 0 for all
 * @param columns columns of a tile, 0 for all
 */
record ScaleGrid(long rows, long columns) {
    static final ScaleGrid TENSOR = new ScaleGrid(0, 0);
    static final ScaleGrid CHANNEL = new ScaleGrid(1, 0);

    /** The tile size of DeepSeek's FP8, assumed where nothing is declared and it fits. */
    private static final long USUAL = 128;

    /**
     * The grid that scales of shape {@code scale} have over a weight, or over each matrix of a weight of more dimensions.
     *
     * @param declared the grid that the config declares; taken where it fits
     * @return nothing where no grid fits
     */
    static Optional<ScaleGrid> of(Shape weight, Shape scale, ScaleGrid declared) {
        int rank = weight.rank();
        if (rank < 2 || weight.elementCount() == 0) {
            return Optional.empty();
        }
        if (scale.elementCount() == 1) {
            return Optional.of(TENSOR);
        }
        if (rank == 2 && scale.equals(Shape.of(weight.dimension(0)))) {
            return Optional.of(CHANNEL);
        }
        boolean aligned = scale.rank() == rank
                && scale.dimensions()
                        .subList(0, rank - 2)
                        .equals(weight.dimensions().subList(0, rank - 2));
        if (!aligned) {
            return Optional.empty();
        }
        long rows = extent(weight.dimension(rank - 2), scale.dimension(rank - 2), declared.rows());
        long columns = extent(weight.dimension(rank - 1), scale.dimension(rank - 1), declared.columns());
        return rows < 0 || columns < 0 ? Optional.empty() : Optional.of(new ScaleGrid(rows, columns));
    }

    /** Values in a tile where {@code size} of them make {@code tiles}; 0 for all, -1 where that cannot be. */
    private static long extent(long size, long tiles, long declared) {
        if (tiles == 1) {
            return 0;
        }
        if (tiles == size) {
            return 1;
        }
        if (tiles == 0 || tiles > size) {
            return -1;
        }
        // A size that is neither declared nor usual is a divisor or a power of two.
        long least = ceil(size, tiles);
        long even = size % tiles == 0 ? least : 0;
        return LongStream.of(declared, USUAL, even, Long.highestOneBit(2 * least - 1))
                .filter(extent -> extent > 0 && ceil(size, extent) == tiles)
                .findFirst()
                .orElse(-1);
    }

    /** The shape of the scales of a weight. */
    Shape scales(Shape weight) {
        long[] tiles = weight.dimensions().stream().mapToLong(Long::longValue).toArray();
        int last = tiles.length - 1;
        tiles[last - 1] = rows == 0 ? 1 : ceil(tiles[last - 1], rows);
        tiles[last] = columns == 0 ? 1 : ceil(tiles[last], columns);
        return Shape.of(tiles);
    }

    private static long ceil(long size, long extent) {
        return size / extent + (size % extent == 0 ? 0 : 1);
    }

    /** {@code tensor}, {@code channel}, {@code group} or {@code block}. */
    String strategy() {
        if (columns == 0) {
            return rows == 0 ? "tensor" : rows == 1 ? "channel" : "block";
        }
        return rows == 1 ? "group" : "block";
    }

    /** As {@link StorageFormat} has it. */
    long groupSize() {
        return columns == 0 && rows != 0 ? -1 : columns;
    }

    /**
     * What kernels read.
     *
     * @param compute type of the product
     * @param type type of the weight
     */
    Map<String, Long> options(TensorType compute, TensorType type) {
        return Map.of(
                "rows",
                rows,
                "columns",
                columns,
                "compute",
                FloatTypes.number(compute),
                "type",
                FloatTypes.number(type));
    }
}
