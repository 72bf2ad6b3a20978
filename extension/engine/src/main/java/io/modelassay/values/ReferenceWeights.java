package io.modelassay.values;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.StoredNames;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The tensors of a reference by the stored names of another checkpoint. The two may use names of different generations, or
 * one of them may lack the base model's prefix: what a loader takes for the same parameter is the same here.
 */
final class ReferenceWeights {
    private final Optional<StoredNames> names;
    private final SortedMap<String, TensorInfo> tensors;

    private ReferenceWeights(Optional<StoredNames> names, SortedMap<String, TensorInfo> tensors) {
        this.names = names;
        this.tensors = tensors;
    }

    /** By the names of {@code plan}, which is that of {@code checkpoint}; without one by equal names. */
    static ReferenceWeights of(Checkpoint checkpoint, Checkpoint reference, Optional<ModelPlan> plan) {
        SortedMap<String, TensorInfo> tensors = new TreeMap<>(reference.tensors());
        plan.ifPresent(known -> {
            StoredNames.of(reference, known).weights().forEach((name, stored) -> tensors.put(name, stored.tensor()));
        });
        return new ReferenceWeights(plan.map(known -> StoredNames.of(checkpoint, known)), tensors);
    }

    /** The tensor for what the checkpoint calls {@code stored}. */
    Optional<TensorInfo> find(String stored) {
        return Optional.ofNullable(
                tensors.get(names.map(known -> known.name(stored)).orElse(stored)));
    }
}
