package io.modelassay.architecture;

import io.modelassay.architecture.LoaderRules.BasePrefix;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apiguardian.api.API;

/**
 * Which stored tensor a loader takes for which parameter. A file may use names of an earlier generation, leave out the
 * base model's prefix or repeat it, and hold only one of two tied tensors; loaders find the parameters all the same.
 * Everything that reads tensors of a known architecture asks here, so that all of it agrees.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class StoredNames {
    private final ModelPlan plan;
    private final LoaderRules rules;
    private final String prefix;
    private final boolean prefixAbsent;
    private final Map<String, TensorInfo> found = new LinkedHashMap<>();
    private final SortedMap<String, TensorInfo> stacks = new TreeMap<>();
    private final SortedMap<String, String> moved = new TreeMap<>();
    private final List<TensorInfo> homeless = new ArrayList<>();

    private StoredNames(Checkpoint checkpoint, ModelPlan plan, LoaderRules rules) {
        this.plan = plan;
        this.rules = rules;
        this.prefix = plan.basePrefix() + ".";
        this.prefixAbsent = checkpoint.tensors().keySet().stream()
                .map(plan::canonical)
                .noneMatch(name -> name.startsWith(plan.basePrefix()));
        checkpoint.tensors().values().forEach(this::place);
    }

    /** The names of {@code checkpoint} as a loader by {@link LoaderRules#standard} reads them. */
    public static StoredNames of(Checkpoint checkpoint, ModelPlan plan) {
        return of(checkpoint, plan, LoaderRules.standard());
    }

    /** The names of {@code checkpoint} as a loader of these rules reads them. */
    public static StoredNames of(Checkpoint checkpoint, ModelPlan plan, LoaderRules rules) {
        return new StoredNames(checkpoint, plan, rules);
    }

    private void place(TensorInfo tensor) {
        String name = name(tensor.name());
        if (plan.stacks().containsKey(name)) {
            stacks.put(name, tensor);
        } else if (!plan.has(name)) {
            homeless.add(tensor);
        } else if (name.equals(tensor.name()) || name.equals(plan.canonical(tensor.name()))) {
            found.put(name, tensor);
        } else {
            found.putIfAbsent(name, tensor);
            moved.put(tensor.name(), name);
        }
    }

    /**
     * The architecture's name for {@code stored}, which is a tensor, a module or a part of one. A name that belongs to
     * nothing stays as it is.
     */
    public String name(String stored) {
        if (rules.basePrefix() == BasePrefix.EACH_NAME) {
            return plan.resolve(stored);
        }
        String canonical = plan.canonical(stored);
        if (plan.modelClass().head() == ModelHead.NONE && canonical.startsWith(prefix)) {
            return canonical.substring(prefix.length());
        }
        return prefixAbsent && !plan.has(canonical) ? prefix + canonical : canonical;
    }

    /** The parameter that the stored name stands for. */
    public Optional<Parameter> parameter(String stored) {
        return plan.parameter(name(stored));
    }

    /** The stored tensor of exactly this parameter; a tied one that is left out has none. */
    public Optional<TensorInfo> own(Parameter parameter) {
        return Optional.ofNullable(found.get(parameter.name()));
    }

    /** The stored tensor whose values {@code parameter} gets: its own, else that of a parameter that is tied to it. */
    public Optional<TensorInfo> tensor(Parameter parameter) {
        return own(parameter)
                .or(() -> plan.sharers(parameter).stream()
                        .map(found::get)
                        .filter(tensor -> tensor != null)
                        .findFirst());
    }

    /** Stored names that stand for another because of the base model's prefix, with that other. */
    public SortedMap<String, String> moved() {
        return Collections.unmodifiableSortedMap(moved);
    }

    /** Stored tensors that are no parameter's, in the order of the checkpoint. */
    public List<TensorInfo> homeless() {
        return Collections.unmodifiableList(homeless);
    }

    /**
     * A stored weight.
     *
     * @param tensor the tensor that holds it, alone or with the other experts of its layer
     * @param shape its own shape
     */
    public record Stored(TensorInfo tensor, Shape shape) {}

    /** Everything that is stored, by the architecture's names; each expert by its own, be it in a stack or not. */
    public SortedMap<String, Stored> weights() {
        SortedMap<String, Stored> all = new TreeMap<>();
        homeless.forEach(tensor -> all.put(name(tensor.name()), new Stored(tensor, tensor.shape())));
        stacks.forEach((name, tensor) -> {
            ModelPlan.Stack stack = Objects.requireNonNull(plan.stacks().get(name));
            boolean fits = stack.shape().equals(tensor.shape());
            stack.parameters()
                    .forEach(parameter -> all.put(
                            parameter,
                            new Stored(
                                    tensor,
                                    fits
                                            ? plan.parameter(parameter)
                                                    .orElseThrow()
                                                    .shape()
                                            : tensor.shape())));
        });
        found.forEach((name, tensor) -> all.put(name, new Stored(tensor, tensor.shape())));
        return all;
    }

    /** The weights {@code names}, those of experts together by the name of their stack where this file has stacks. */
    public SortedSet<String> grouped(Collection<String> names) {
        SortedSet<String> grouped = new TreeSet<>(names);
        if (!stacks.isEmpty()) {
            plan.stacks().forEach((stack, description) -> {
                if (grouped.removeAll(description.parameters())) {
                    grouped.add(stack);
                }
            });
        }
        return grouped;
    }

    /** Stored tensors that hold the weights of all experts of a layer, by the architecture's name. */
    SortedMap<String, TensorInfo> stacks() {
        return Collections.unmodifiableSortedMap(stacks);
    }

    boolean lacksPrefix() {
        return prefixAbsent;
    }
}
