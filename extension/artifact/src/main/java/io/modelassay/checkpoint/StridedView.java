package io.modelassay.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the elements of a tensor lie that is not stored in row-major order without gaps: transposed, sliced or expanded.
 * It has at least one element, and all lie inside the file; whoever makes a view has checked that.
 */
final class StridedView {

    private static final long WINDOW_BYTES = 1L << 30;

    private final long start;
    private final long end;
    private final int width;
    /** Dimensions of more than one element, outermost first, those joined that lie in sequence. */
    private final long[] sizes;

    private final long[] byteStrides;

    /**
     * @param start place in the file of the first element
     * @param end one past the last byte that an element has
     * @param width bytes of an element: 1, 2, 4 or 8
     * @param size dimensions, outermost first, none 0
     * @param stride one for each dimension, in elements
     */
    StridedView(long start, long end, int width, List<Long> size, List<Long> stride) {
        this.start = start;
        this.end = end;
        this.width = width;
        List<Long> joinedSizes = new ArrayList<>();
        List<Long> joinedStrides = new ArrayList<>();
        for (int i = 0; i < size.size(); i++) {
            if (size.get(i) == 1) {
                continue;
            }
            int outer = joinedSizes.size() - 1;
            // No overflow: a stride of a dimension that counts reaches another byte of the file.
            if (outer >= 0 && joinedStrides.get(outer) == size.get(i) * stride.get(i)) {
                joinedSizes.set(outer, joinedSizes.get(outer) * size.get(i));
                joinedStrides.set(outer, stride.get(i));
            } else {
                joinedSizes.add(size.get(i));
                joinedStrides.add(stride.get(i));
            }
        }
        this.sizes = joinedSizes.stream().mapToLong(Long::longValue).toArray();
        this.byteStrides =
                joinedStrides.stream().mapToLong(step -> step * width).toArray();
    }

    /**
     * Copies a range of the tensor's bytes, as they would lie in row-major order, into memory outside the heap.
     *
     * @throws CheckpointException if there is no room, or the file changed
     */
    ByteBuffer gather(TensorMapping mapping, TensorInfo tensor, long byteOffset, int byteLength) {
        long first = byteOffset / width;
        int lead = (int) (byteOffset % width);
        long elements = (lead + (long) byteLength + width - 1) / width;
        ByteBuffer out = allocate(tensor, elements * width);
        try {
            new Copy(mapping, tensor, out).run(first, first + elements);
        } catch (InternalError e) {
            // How the JVM reports a page of a mapped file that is no longer there.
            throw CheckpointException.of(CheckpointProblem.FILE_CHANGED, "The file got shorter while it was read")
                    .file(tensor.file())
                    .tensor(tensor.name())
                    .cause(e)
                    .next("make sure that nothing writes to the checkpoint during a test");
        }
        return out.slice(lead, byteLength).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer allocate(TensorInfo tensor, long bytes) {
        if (bytes > Integer.MAX_VALUE) {
            throw tooLarge(tensor, bytes);
        }
        try {
            return ByteBuffer.allocateDirect((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
        } catch (OutOfMemoryError e) {
            throw tooLarge(tensor, bytes);
        }
    }

    private static CheckpointException tooLarge(TensorInfo tensor, long bytes) {
        return CheckpointException.of(
                        CheckpointProblem.TENSOR_TOO_LARGE,
                        "The tensor is not stored in row-major order, and there is no room to copy " + bytes
                                + " bytes of it")
                .file(tensor.file())
                .tensor(tensor.name())
                .at(tensor.offset())
                .next("save it contiguous, map it in slices, or raise -XX:MaxDirectMemorySize");
    }

    /** One gathering: the part of the file that is mapped at the moment, and where the copy goes. */
    private final class Copy {
        private final TensorMapping mapping;
        private final TensorInfo tensor;
        private final ByteBuffer out;
        private ByteBuffer window = ByteBuffer.allocate(0);
        private long windowStart;

        Copy(TensorMapping mapping, TensorInfo tensor, ByteBuffer out) {
            this.mapping = mapping;
            this.tensor = tensor;
            this.out = out;
        }

        void run(long from, long to) {
            int inner = sizes.length - 1;
            long element = from;
            while (element < to) {
                long row = element / sizes[inner];
                long column = element % sizes[inner];
                long length = Math.min(sizes[inner] - column, to - element);
                long at = start + column * byteStrides[inner];
                for (int i = inner - 1; i >= 0; i--) {
                    at += row % sizes[i] * byteStrides[i];
                    row /= sizes[i];
                }
                run(at, byteStrides[inner], length);
                element += length;
            }
        }

        /** Copies elements that lie a fixed step apart, in parts that each lie in one window. */
        private void run(long at, long step, long length) {
            long most = step == 0 ? length : Math.max(1, (WINDOW_BYTES - width) / step);
            for (long done = 0; done < length; ) {
                long part = Math.min(most, length - done);
                long from = at + done * step;
                int place = place(from, (part - 1) * step + width);
                if (step == width) {
                    int bytes = (int) part * width;
                    out.put(out.position(), window, place, bytes);
                    out.position(out.position() + bytes);
                } else {
                    single(place, (int) step, (int) part);
                }
                done += part;
            }
        }

        private void single(int place, int step, int count) {
            int from = place;
            for (int i = 0; i < count; i++, from += step) {
                switch (width) {
                    case 1 -> out.put(window.get(from));
                    case 2 -> out.putShort(window.getShort(from));
                    case 4 -> out.putInt(window.getInt(from));
                    default -> out.putLong(window.getLong(from));
                }
            }
        }

        /** Where in the window the byte {@code from} of the file is, with {@code length} bytes from there on. */
        private int place(long from, long length) {
            if (from < windowStart || from + length > windowStart + window.capacity()) {
                windowStart = from;
                window = mapping.map(tensor.file(), from, (int) Math.min(WINDOW_BYTES, end - from));
            }
            return (int) (from - windowStart);
        }
    }
}
