package io.modelassay.checkpoint;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The F32 tensors of a safetensors file as {@code torch.save} writes a state dict. */
public final class StateDictFile {
    private StateDictFile() {}

    /** Writes what {@code source} holds to {@code target}. */
    public static void write(Path source, Path target) {
        PickleBuilder pickle = PickleBuilder.start().emptyOrderedDict().op('(');
        List<byte[]> storages = new ArrayList<>();
        try (Checkpoint checkpoint = Checkpoint.open(source)) {
            for (TensorInfo tensor : checkpoint.tensors().values()) {
                ByteBuffer content = checkpoint.map(tensor);
                byte[] bytes = new byte[content.remaining()];
                content.get(bytes);
                long[] size = tensor.shape().dimensions().stream()
                        .mapToLong(dimension -> dimension)
                        .toArray();
                long[] stride = new long[size.length];
                long step = 1;
                for (int axis = size.length - 1; axis >= 0; axis--) {
                    stride[axis] = step;
                    step *= size[axis];
                }
                pickle.text(tensor.name()).tensor(String.valueOf(storages.size()), step, 0, size, stride);
                storages.add(bytes);
            }
        }
        TestFiles.write(target, TorchFiles.of(pickle.op('u').stop(), storages.toArray(new byte[0][])));
    }
}
