package io.modelassay.adapter;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apiguardian.api.API;

/**
 * What an adapter adds to one module of a base model. A kernel knows the parts and numbers by these names.
 *
 * @param name the module, such as {@code model.layers.0.self_attn.q_proj}
 * @param parts its tensors, such as {@code lora_A}
 * @param numbers its numbers, such as {@code scaling}
 * @param rowParts those of the parts that have a row for each output of the module
 * @param derived parts that a function of the kernel makes of the base weight and the other parts, by part
 * @param mergesBias whether merging changes the module's bias
 */
@API(status = API.Status.INTERNAL)
public record AdaptedModule(
        String name,
        Map<String, AdapterTensor> parts,
        Map<String, Double> numbers,
        Set<String> rowParts,
        Map<String, String> derived,
        boolean mergesBias) {
    /** This module with other tensors in their places. */
    AdaptedModule with(UnaryOperator<AdapterTensor> other) {
        Map<String, AdapterTensor> changed = new LinkedHashMap<>();
        parts.forEach((part, tensor) -> changed.put(part, other.apply(tensor)));
        return new AdaptedModule(name, Collections.unmodifiableMap(changed), numbers, rowParts, derived, mergesBias);
    }
}
