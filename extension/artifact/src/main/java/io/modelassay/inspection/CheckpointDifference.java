package io.modelassay.inspection;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.StoredNames;
import io.modelassay.architecture.StoredNames.Stored;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
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

    /**
     * Compares by the names of {@code plan} where there is one, so that files whose names a loader takes for the same are
     * compared tensor by tensor.
     */
    static CheckpointDifference of(
            Checkpoint checkpoint, Checkpoint reference, Optional<ModelPlan> plan, StoredQuantization packed) {
        SortedMap<String, Stored> stored = weights(checkpoint, plan);
        SortedMap<String, Stored> expected = weights(reference, plan);
        List<Mismatch> mismatched = new ArrayList<>();
        stored.forEach((name, own) -> {
            Stored other = expected.get(name);
            if (other != null && !packed.explains(name) && !isAlike(own, other)) {
                mismatched.add(
                        new Mismatch(name, other.tensor().type(), own.tensor().type(), other.shape(), own.shape()));
            }
        });
        List<String> missing = absent(expected, stored, packed);
        return new CheckpointDifference(
                plan.map(known -> List.copyOf(StoredNames.of(checkpoint, known).grouped(missing)))
                        .orElse(missing),
                absent(stored, expected, packed).stream()
                        .map(name -> Objects.requireNonNull(stored.get(name))
                                .tensor()
                                .name())
                        .distinct()
                        .toList(),
                List.copyOf(mismatched));
    }

    /** What {@code there} has and {@code here} has not. */
    private static List<String> absent(
            SortedMap<String, Stored> there, SortedMap<String, Stored> here, StoredQuantization packed) {
        return there.keySet().stream()
                .filter(name -> !here.containsKey(name) && !packed.explains(name))
                .toList();
    }

    /** What is left when other findings tell of some of the missing names. */
    CheckpointDifference without(Predicate<String> told) {
        return new CheckpointDifference(missing.stream().filter(told.negate()).toList(), unexpected, mismatched);
    }

    private static boolean isAlike(Stored own, Stored other) {
        return own.tensor().type() == other.tensor().type() && own.shape().equals(other.shape());
    }

    private static SortedMap<String, Stored> weights(Checkpoint checkpoint, Optional<ModelPlan> plan) {
        SortedMap<String, Stored> plain = new TreeMap<>();
        checkpoint.tensors().forEach((name, tensor) -> plain.put(name, new Stored(tensor, tensor.shape())));
        return plan.map(known -> StoredNames.of(checkpoint, known).weights()).orElse(plain);
    }
}
