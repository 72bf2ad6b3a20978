package io.modelassay.quantization;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds modules whose weight is not there as numbers, while codes are there: integers, or floats of 8 bits and less. Where
 * the architecture is known, the modules are its linear ones, embeddings and heads. Where it is not, a module is what stands
 * before the last part of a name, and it takes a matrix of codes with something beside it, so that a table of positions or
 * a mask is none.
 */
final class PackedModules {
    private static final String WEIGHT = "weight";
    private static final Set<Parameter.Kind> KINDS =
            Set.of(Parameter.Kind.LINEAR, Parameter.Kind.HEAD, Parameter.Kind.EMBEDDING);

    /** Masks of attention, which older models store. */
    private static final Set<String> MASKS = Set.of("bias", "masked_bias");

    private final @Nullable ModelPlan plan;
    private final Predicate<NavigableMap<String, TensorInfo>> foreign;
    private final Set<String> owners = new HashSet<>();

    /** {@code foreign} tells by a module's parts whether they are of a format that is not known. */
    PackedModules(@Nullable ModelPlan plan, Predicate<NavigableMap<String, TensorInfo>> foreign) {
        this.plan = plan;
        this.foreign = foreign;
        if (plan != null) {
            plan.parameters().stream()
                    .filter(parameter -> KINDS.contains(parameter.kind()))
                    .filter(parameter -> parameter.name().equals(parameter.module() + "." + WEIGHT))
                    .forEach(parameter -> owners.add(parameter.module()));
        }
    }

    List<PackedModule> of(SortedMap<String, TensorInfo> tensors) {
        Map<String, NavigableMap<String, TensorInfo>> modules = new TreeMap<>();
        tensors.forEach((name, tensor) -> {
            String canonical = plan == null ? name : plan.canonical(name);
            String module = owner(canonical);
            if (canonical.length() > module.length()) {
                modules.computeIfAbsent(module, any -> new TreeMap<>())
                        .put(canonical.substring(module.length() + 1), tensor);
            }
        });
        List<PackedModule> packed = new ArrayList<>();
        modules.forEach((module, parts) -> {
            boolean hidden = owners.contains(module) ? isPacked(module, parts) : looksPacked(parts);
            if (hidden && foreign.test(parts)) {
                packed.add(new PackedModule(module, parts));
            }
        });
        return packed;
    }

    /** The module of the architecture that {@code name} lies in, or what stands before the name's last part. */
    private String owner(String name) {
        int dot = name.lastIndexOf('.');
        for (int end = dot; end > 0; end = name.lastIndexOf('.', end - 1)) {
            if (owners.contains(name.substring(0, end))) {
                return name.substring(0, end);
            }
        }
        int below = name.indexOf("." + WEIGHT + ".");
        int end = below > 0 ? below : dot;
        return end < 0 ? name : name.substring(0, end);
    }

    static boolean isCode(TensorInfo tensor) {
        return tensor.type() != TensorType.BOOL
                && tensor.type() != TensorType.C64
                && !FloatTypes.isFullPrecision(tensor.type());
    }

    private boolean isPacked(String module, NavigableMap<String, TensorInfo> parts) {
        TensorInfo weight = parts.get(WEIGHT);
        if (weight == null) {
            return parts.values().stream().anyMatch(PackedModules::isCode);
        }
        boolean alone = parts.keySet().stream().allMatch(part -> part.equals(WEIGHT) || part.equals("bias"));
        boolean fits = plan != null
                && plan.parameter(module + "." + WEIGHT)
                        .map(parameter -> parameter.shape().equals(weight.shape()))
                        .orElse(true);
        return isCode(weight) && !(alone && fits);
    }

    private static boolean looksPacked(NavigableMap<String, TensorInfo> parts) {
        TensorInfo weight = parts.get(WEIGHT);
        boolean matrix = parts.entrySet().stream()
                .anyMatch(part -> isCode(part.getValue())
                        && part.getValue().type() != TensorType.I64
                        && part.getValue().shape().rank() >= 2
                        && !MASKS.contains(part.getKey()));
        long others =
                parts.keySet().stream().filter(part -> !part.equals("bias")).count();
        return matrix && others >= 2 && (weight == null || isCode(weight));
    }
}
