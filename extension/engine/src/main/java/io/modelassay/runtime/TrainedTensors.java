package io.modelassay.runtime;

import io.modelassay.adapter.AdaptedModule;
import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.AdapterTensor;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Where the tensors that training an adapter changes stand among those of a step of the forward pass. */
final class TrainedTensors {
    private final AdapterPlan plan;

    TrainedTensors(AdapterPlan plan) {
        this.plan = plan;
    }

    /**
     * Among {@code names}, tensors of a step under {@code prefix}, those that are trained: by place, the name in the
     * adapter.
     *
     * @param prefix such as {@code model.layers.0.}
     */
    Map<String, String> in(String prefix, Collection<String> names) {
        Map<String, String> trained = new TreeMap<>();
        for (String name : names) {
            String full = prefix + name;
            stored(full).or(() -> part(full)).ifPresent(tensor -> trained.put(name, tensor.name()));
        }
        return trained;
    }

    /** Among {@code names}, weights that the adapter changes before they are used. */
    Map<String, AdaptedModule> changed(String prefix, Collection<String> names) {
        Map<String, AdaptedModule> changed = new TreeMap<>();
        for (String name : names) {
            plan.parameter(prefix + name).ifPresent(module -> changed.put(name, module));
        }
        return changed;
    }

    /** The trained parts of {@code module}: by part, the name in the adapter. */
    static Map<String, String> parts(AdaptedModule module) {
        Map<String, String> trained = new TreeMap<>();
        module.parts().forEach((part, tensor) -> {
            if (tensor.isTrained()) {
                trained.put(part, tensor.name());
            }
        });
        return trained;
    }

    private Optional<AdapterTensor> stored(String parameter) {
        return plan.copy(parameter).or(() -> plan.overwritten(parameter));
    }

    private Optional<AdapterTensor> part(String name) {
        for (int dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
            String part = name.substring(dot + 1);
            Optional<AdapterTensor> found = plan.module(name.substring(0, dot))
                    .flatMap(module -> Optional.ofNullable(module.parts().get(part)))
                    .filter(AdapterTensor::isTrained);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }
}
