package io.modelassay.inspection;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apiguardian.api.API;

/**
 * How the tensors of a checkpoint differ from those of a reference, from headers alone.
 *
 * @param missing names that only the reference has, sorted
 * @param unexpected names that the reference has not, sorted
 * @param mismatched tensors of another type or shape, sorted by name
 */
@API(status = API.Status.EXPERIMENTAL)
public record CheckpointDifference(List<String> missing, List<String> unexpected, List<Mismatch> mismatched) {
    /**
     * One name, two tensors.
     *
     * @param name the tensor
     * @param expectedType the reference's type
     * @param storedType the checkpoint's type
     * @param expected the reference's shape
     * @param stored the checkpoint's shape
     */
    public record Mismatch(String name, TensorType expectedType, TensorType storedType, Shape expected, Shape stored) {
        /** Whether the shapes differ, not only the types. */
        public boolean isOfAnotherShape() {
            return !expected.equals(stored);
        }
    }

    static CheckpointDifference of(Checkpoint checkpoint, Checkpoint reference, StoredQuantization packed) {
        Set<String> stored = checkpoint.tensors().keySet();
        Set<String> expected = reference.tensors().keySet();
        List<Mismatch> mismatched = new ArrayList<>();
        for (TensorInfo own : checkpoint.tensors().values()) {
            reference
                    .find(own.name())
                    .filter(other -> !packed.explains(own.name()))
                    .filter(other ->
                            other.type() != own.type() || !other.shape().equals(own.shape()))
                    .ifPresent(other -> mismatched.add(
                            new Mismatch(own.name(), other.type(), own.type(), other.shape(), own.shape())));
        }
        return new CheckpointDifference(
                expected.stream()
                        .filter(name -> !stored.contains(name) && !packed.explains(name))
                        .toList(),
                stored.stream()
                        .filter(name -> !expected.contains(name) && !packed.explains(name))
                        .toList(),
                List.copyOf(mismatched));
    }
}
