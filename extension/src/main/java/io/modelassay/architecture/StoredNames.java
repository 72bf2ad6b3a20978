package io.modelassay.architecture;

import io.modelassay.architecture.LoaderRules.BasePrefix;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
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
        if (!plan.has(name)) {
            homeless.add(tensor);
        } else if (name.equals(plan.canonical(tensor.name()))) {
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

    boolean lacksPrefix() {
        return prefixAbsent;
    }
}
