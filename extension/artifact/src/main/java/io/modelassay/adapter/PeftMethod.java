package io.modelassay.adapter;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What one PEFT method adds to a model, by the keys and shapes of its tensors. */
interface PeftMethod {
    /** Where a tensor starts when training does. */
    enum Start {
        /** At zero, which leaves the base as it is. */
        ZERO,
        /** At one, which does too. */
        ONE,
        /** At anything else. */
        ANYWHERE
    }

    /**
     * A tensor that a module gets.
     *
     * @param suffix what its key has behind the module's name
     * @param shapes the shapes that it may have, the usual one first
     * @param rankAxis the axis whose size is the rank, or -1
     */
    record Part(String suffix, List<Shape> shapes, int rankAxis) {
        static Part of(String suffix, int rankAxis, long... shape) {
            return new Part(suffix, List.of(Shape.of(shape)), rankAxis);
        }
    }

    /** The {@code peft_type}s. */
    Set<String> types();

    /** The names of its tensors in a module, without {@code .weight}, and where they start. */
    Map<String, Start> roots();

    /** Those of {@link #roots} that a module's update is a product of, so that it is zero if one of them is. */
    default Set<String> factors() {
        return Set.of();
    }

    /** The tensors that {@code module} gets; none if the method does not know modules of this kind. */
    List<Part> parts(BaseModule module, AdapterConfig config);

    /** The kernel file beside this class that computes its modules; empty if it has none to compute. */
    Optional<String> kernel();

    /** What the config asks for and the kernel does not compute, if there is such a thing. */
    default Optional<String> unsupported(AdapterConfig config) {
        return Optional.empty();
    }

    /** What the kernel does not compute of {@code module} with {@code parts}, if there is such a thing. */
    default Optional<String> unsupported(BaseModule module, Map<String, AdapterTensor> parts) {
        return Optional.empty();
    }

    /** Tensors that all modules share and no file has, by the names that the kernel knows. */
    default Map<String, AdapterTensor> generated(Collection<BaseModule> targeted, AdapterConfig config) {
        return Map.of();
    }

    /** Names of numbers that the kernel reads beside the tensors of {@code module}, with their values. */
    default Map<String, Double> numbers(BaseModule module, AdapterConfig config) {
        return Map.of();
    }

    /** Parts, as the kernel calls them, that have a row for each output. */
    default Set<String> rowParts() {
        return Set.of();
    }

    /** Parts that a function of the kernel makes of the base weight and the other parts, by part. */
    default Map<String, String> derivedParts(AdapterConfig config) {
        return Map.of();
    }

    /** Whether merging changes the bias of {@code module}. */
    default boolean mergesBias(BaseModule module, AdapterConfig config) {
        return false;
    }

    /** Tensors that all modules share, by full key. */
    default List<Part> shared(Collection<BaseModule> targeted, AdapterConfig config) {
        return List.of();
    }

    /** The axis that has the rank, for those of {@link #roots} that have one. */
    default Map<String, Integer> rankAxes() {
        return Map.of();
    }

    /** The ranks of the stored tensors, sorted. */
    default List<Long> ranks(Collection<TensorInfo> tensors) {
        Set<Long> ranks = new TreeSet<>();
        for (TensorInfo tensor : tensors) {
            AdapterKey.of(tensor.name(), this).ifPresent(key -> {
                Integer axis = rankAxes().get(key.root());
                if (axis != null && axis < tensor.shape().rank()) {
                    ranks.add(tensor.shape().dimension(axis));
                }
            });
        }
        return List.copyOf(ranks);
    }
}
