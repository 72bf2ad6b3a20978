package io.modelassay.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Holds every declared tensor against its storage, and places those of the state dict in the file. */
final class TorchTensors {

    private static final long SPARE_BYTES = 1L << 30;
    private static final int MOST_TIMES_THE_FILE = 256;
    private static final int STEPS_FOR_A_NAME = 10;

    /** A named tensor and the part of its storage that it reaches into. */
    record Placed(TensorInfo info, TorchStorage storage, long firstByte, long endByte) {}

    private final TorchContent content;
    private final long fileLength;
    private final List<Placed> placed = new ArrayList<>();
    private final Map<String, StridedView> views = new LinkedHashMap<>();
    private final Set<TorchTensor> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private long unnamed;

    private TorchTensors(TorchContent content, long fileLength) {
        this.content = content;
        this.fileLength = fileLength;
    }

    static TorchTensors place(Path file, TorchContent content, TorchStateDict dict, long fileLength) {
        TorchTensors tensors = new TorchTensors(content, fileLength);
        dict.tensors().forEach((name, value) -> tensors.add(file, name, value));
        tensors.checkTotal();
        for (TorchTensor other : content.calls().tensors()) {
            if (tensors.seen.add(other)) {
                tensors.unnamed++;
                tensors.check(other, null);
            }
        }
        return tensors;
    }

    List<Placed> placed() {
        return placed;
    }

    Map<String, StridedView> views() {
        return views;
    }

    /** Number of tensors that the file holds beside those of the state dict. */
    long unnamed() {
        return unnamed;
    }

    private void add(Path file, String name, Object value) {
        if (value instanceof TorchTensor.Unsupported unsupported) {
            throw content.input()
                    .problem(
                            CheckpointProblem.UNSUPPORTED_TENSOR,
                            "The tensor " + unsupported.what()
                                    + "; only plain tensors of the types of safetensors are read",
                            unsupported.at())
                    .tensor(name)
                    .next("save it as a plain tensor: tensor.dequantize(), to_dense(), or contiguous().clone()");
        }
        TorchTensor tensor = (TorchTensor) value;
        content.budget().spend(content.input(), STEPS_FOR_A_NAME + tensor.size().size(), tensor.at());
        seen.add(tensor);
        long count = check(tensor, name);
        ZipDirectory.Extent extent = content.extents().get(tensor.storage().key());
        if (extent == null || tensor.element().type() == null) {
            throw new IllegalStateException("unchecked storage of " + name);
        }
        int width = tensor.element().elementBytes();
        long base = tensor.storage().firstByte();
        long first = base + (count == 0 ? 0 : tensor.offset() * width);
        long end = base + (count == 0 ? 0 : (last(tensor) + 1) * width);
        TensorInfo info = new TensorInfo(
                name, tensor.element().type(), new Shape(tensor.size()), file, extent.offset() + first, count * width);
        placed.add(new Placed(info, content.calls().whole(tensor.storage()), first, end));
        if (count > 0 && !isContiguous(tensor)) {
            views.put(
                    name, new StridedView(info.offset(), extent.offset() + end, width, tensor.size(), tensor.stride()));
        }
    }

    /** Checks one tensor and gives its number of elements. */
    private long check(TorchTensor tensor, @Nullable String name) {
        int rank = tensor.size().size();
        boolean negative = tensor.offset() < 0;
        for (long number : tensor.size()) {
            negative |= number < 0;
        }
        for (long number : tensor.stride()) {
            negative |= number < 0;
        }
        if (negative || tensor.stride().size() != rank) {
            throw problem(
                    CheckpointProblem.INVALID_SHAPE,
                    "has " + described(tensor) + (negative ? ", and no number may be negative" : ", of two ranks"),
                    tensor,
                    name);
        }
        try {
            long count = 1;
            for (long dimension : tensor.size()) {
                count = Math.multiplyExact(count, dimension);
            }
            Math.multiplyExact(count, tensor.element().elementBytes() * 8L);
            long capacity = tensor.storage().byteLength() / tensor.element().elementBytes();
            if (count > 0 && last(tensor) >= capacity) {
                throw problem(
                        CheckpointProblem.TENSOR_OUTSIDE_STORAGE,
                        "has " + described(tensor) + ", which reaches element " + last(tensor) + " of a storage of "
                                + capacity + " elements",
                        tensor,
                        name);
            }
            return count;
        } catch (ArithmeticException e) {
            throw problem(
                    CheckpointProblem.SIZE_OVERFLOW,
                    "has " + described(tensor) + ", whose size overflows 63 bits",
                    tensor,
                    name);
        }
    }

    /** Place in the storage of the last element, in elements; the tensor has at least one. */
    private static long last(TorchTensor tensor) {
        long last = tensor.offset();
        for (int i = 0; i < tensor.size().size(); i++) {
            last = Math.addExact(
                    last,
                    Math.multiplyExact(tensor.size().get(i) - 1, tensor.stride().get(i)));
        }
        return last;
    }

    private static boolean isContiguous(TorchTensor tensor) {
        long expected = 1;
        for (int i = tensor.size().size() - 1; i >= 0; i--) {
            long size = tensor.size().get(i);
            if (size != 1 && tensor.stride().get(i) != expected) {
                return false;
            }
            expected *= size;
        }
        return true;
    }

    /** A stride of 0 and a shared storage make much of few bytes; whoever reads all values must come to an end. */
    private void checkTotal() {
        long most = SPARE_BYTES
                + (fileLength > (Long.MAX_VALUE - SPARE_BYTES) / MOST_TIMES_THE_FILE
                        ? Long.MAX_VALUE - SPARE_BYTES
                        : fileLength * MOST_TIMES_THE_FILE);
        long total = 0;
        for (Placed tensor : placed) {
            total += tensor.info().byteLength();
            if (total < 0 || total > most) {
                throw content.input()
                        .problem(
                                CheckpointProblem.TENSOR_TOO_LARGE,
                                "The tensors up to this one stand for more than " + most + " bytes, in a file of "
                                        + fileLength + " bytes: they repeat what is stored",
                                tensor.info().offset())
                        .tensor(tensor.info().name())
                        .next("save tensors that are not expanded");
            }
        }
    }

    private static String described(TorchTensor tensor) {
        return "offset " + tensor.offset() + ", size " + clipped(tensor.size()) + " and stride "
                + clipped(tensor.stride());
    }

    private static String clipped(List<Long> numbers) {
        return numbers.size() <= 8 ? numbers.toString() : "of " + numbers.size() + " dimensions";
    }

    private CheckpointException problem(
            CheckpointProblem problem, String what, TorchTensor tensor, @Nullable String name) {
        CheckpointException.Builder builder = content.input()
                .problem(
                        problem,
                        (name == null ? "A tensor outside the state dict " : "The tensor ") + what,
                        tensor.at());
        return (name == null ? builder : builder.tensor(name))
                .next("get the file from its publisher again, or write it again with torch.save");
    }
}
