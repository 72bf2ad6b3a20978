package io.modelassay.quantizer;

import io.modelassay.checkpoint.Shape;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * A weight quantized in blocks of its rows, so that of a large one, such as a head, only a block is held in float32.
 *
 * @param shape of the weight, {@code [out, in]}
 * @param values of the weight that a block has at most, but for a single row
 * @param kernels with those of {@code row_blocks.py}
 */
record RowBlocks(Shape shape, long values, Kernels kernels) {
    /** Float32 values of 128 MiB. */
    static final long VALUES = 1L << 25;

    /** Quantizes some rows. */
    interface Coder {
        /** The parts of {@code count} rows from {@code first}, of which only {@code g_idx} is that of every row. */
        Map<String, Tensor> parts(long first, long count);
    }

    /** The parts of all rows; the caller closes them. */
    Map<String, Tensor> parts(Coder coder) {
        long rows = shape.dimension(0);
        long most = Math.max(1, values / shape.dimension(1));
        if (rows <= most) {
            return coder.parts(0, rows);
        }
        Map<String, Tensor> whole = new HashMap<>();
        for (long first = 0; first < rows; first += most) {
            for (Map.Entry<String, Tensor> part :
                    coder.parts(first, Math.min(most, rows - first)).entrySet()) {
                add(part.getKey(), first, part.getValue(), whole);
            }
        }
        return whole;
    }

    private void add(String name, long first, Tensor block, Map<String, Tensor> whole) {
        if (name.equals("g_idx")) {
            Tensor other = whole.put(name, block);
            if (other != null) {
                other.close();
            }
            return;
        }
        try (block) {
            Tensor all = whole.computeIfAbsent(name, key -> kernels.call("rows_for", block, shape.dimension(0)));
            kernels.call("put_rows", all, first, block).close();
        }
    }
}
