package io.modelassay.quantization;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apiguardian.api.API;

/** A quantization applied to one model: which modules it changes, and which it keeps. */
@API(status = API.Status.INTERNAL)
public final class QuantizationPlan {
    private final Quantization quantization;
    private final Set<String> quantized;

    private QuantizationPlan(Quantization quantization, Set<String> quantized) {
        this.quantization = quantization;
        this.quantized = quantized;
    }

    /**
     * Applies {@code quantization} to the linear modules of {@code plan}.
     *
     * @throws IllegalArgumentException if a {@code keep} pattern matches no module of the model, or nothing is left to
     *     quantize
     */
    public static QuantizationPlan of(Quantization quantization, ModelPlan plan) {
        List<String> modules = plan.modules();
        Set<String> kept = new HashSet<>();
        for (String pattern : quantization.keep()) {
            List<String> matches =
                    modules.stream().filter(ModulePattern.of(pattern)::matches).toList();
            if (matches.isEmpty()) {
                throw new IllegalArgumentException("keep = \"" + pattern + "\" matches none of the " + modules.size()
                        + " modules of this " + plan.modelType() + " model"
                        + "\nTry: a module name such as " + modules.get(modules.size() / 2)
                        + ", with * for any characters");
            }
            kept.addAll(matches);
        }
        Set<String> quantized = new HashSet<>();
        plan.parameters().stream()
                .filter(p -> p.kind() == Parameter.Kind.LINEAR && !kept.contains(p.module()))
                .forEach(p -> quantized.add(p.module()));
        if (quantized.isEmpty()) {
            throw new IllegalArgumentException(quantization + " leaves no module to quantize"
                    + "\nTry: fewer patterns in keep, or no quantization");
        }
        return new QuantizationPlan(quantization, quantized);
    }

    /** The quantization that is applied. */
    public Quantization quantization() {
        return quantization;
    }

    /** Whether the weight of {@code module} is quantized. */
    public boolean quantizes(String module) {
        return quantized.contains(module);
    }

    /** Number of modules whose weight is quantized. */
    public int size() {
        return quantized.size();
    }
}
