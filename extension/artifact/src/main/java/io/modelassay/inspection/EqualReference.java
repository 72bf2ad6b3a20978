package io.modelassay.inspection;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.TensorInfo;
import java.util.List;
import java.util.SortedMap;

/** A checkpoint that holds, tensor by tensor, what its reference holds: a merge or a training that was not saved. */
final class EqualReference {
    private static final int CHUNK = 1 << 20;

    private EqualReference() {}

    /** One finding where nothing differs; reads up to the first difference. */
    static List<Finding> findings(Checkpoint checkpoint, Checkpoint reference) {
        SortedMap<String, TensorInfo> tensors = checkpoint.tensors();
        boolean same = checkpoint
                .folder()
                .toAbsolutePath()
                .normalize()
                .equals(reference.folder().toAbsolutePath().normalize());
        if (same
                || tensors.isEmpty()
                || !tensors.keySet().equals(reference.tensors().keySet())) {
            return List.of();
        }
        for (TensorInfo tensor : tensors.values()) {
            TensorInfo other = reference.tensor(tensor.name());
            if (tensor.type() != other.type() || !tensor.shape().equals(other.shape())) {
                return List.of();
            }
        }
        for (TensorInfo tensor : tensors.values()) {
            TensorInfo other = reference.tensor(tensor.name());
            for (long at = 0; at < tensor.byteLength(); at += CHUNK) {
                int length = (int) Math.min(CHUNK, tensor.byteLength() - at);
                if (!checkpoint.map(tensor, at, length).equals(reference.map(other, at, length))) {
                    return List.of();
                }
            }
        }
        return List.of(new Finding(
                "equals-reference",
                Severity.WARNING,
                tensors.firstKey(),
                "Every tensor equals the reference's: all " + tensors.size() + " of them, value by value",
                "if this should be a merged or trained model, save that one; else leave the reference out"));
    }
}
