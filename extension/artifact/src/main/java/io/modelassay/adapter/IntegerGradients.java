package io.modelassay.adapter;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * Finds, from headers and configs alone, the integer tensors that training would require gradients for.
 *
 * <p>Packed weights of a frozen base are healthy: only what is trained is asked. A trained copy of a quantized module is
 * not, since PEFT asks a gradient of each of its parameters (peft.utils.other.ModulesToSaveWrapper).
 */
@API(status = API.Status.INTERNAL)
public final class IntegerGradients {
    private IntegerGradients() {}

    /**
     * What training {@code adapter} on a base asks of integers.
     *
     * @param packed how the base is stored
     * @param quantized modules that are quantized after loading, by name
     * @param plan the base's architecture
     */
    public static List<IntegerGradient> of(
            PeftAdapter adapter, StoredQuantization packed, Predicate<String> quantized, Optional<ModelPlan> plan) {
        List<IntegerGradient> found = new ArrayList<>();
        adapter.weights().tensors().values().stream()
                .filter(tensor -> !tensor.type().isFloatingPoint())
                .map(tensor -> new IntegerGradient(
                        tensor.name(), Optional.of(tensor.type().label()), Optional.empty()))
                .forEach(found::add);
        for (String entry : adapter.config().modulesToSave()) {
            packed.weights().values().stream()
                    .filter(weight -> copies(entry, weight.module()))
                    .flatMap(weight -> integers(weight)
                            .map(part -> new IntegerGradient(
                                    part.name(), Optional.of(part.type().label()), Optional.of(entry))))
                    .forEach(found::add);
            plan.stream()
                    .flatMap(known -> known.modules().stream())
                    .filter(module -> quantized.test(module) && copies(entry, module))
                    .map(module -> new IntegerGradient(module + ".weight", Optional.empty(), Optional.of(entry)))
                    .forEach(found::add);
        }
        return List.copyOf(found);
    }

    /** The part that holds the codes. */
    private static Stream<TensorInfo> integers(PackedWeight weight) {
        return weight.parts().values().stream()
                .filter(part -> !part.type().isFloatingPoint())
                .max(Comparator.comparingLong(TensorInfo::byteLength))
                .stream();
    }

    /** PEFT copies every module whose name ends with an entry, with a dot before it or not, and all that is in it. */
    private static boolean copies(String entry, String module) {
        for (int end = module.length(); end > 0; end = module.lastIndexOf('.', end - 1)) {
            if (module.substring(0, end).endsWith(entry)) {
                return true;
            }
        }
        return false;
    }
}
