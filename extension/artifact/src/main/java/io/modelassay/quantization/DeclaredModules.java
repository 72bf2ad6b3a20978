package io.modelassay.quantization;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import java.util.List;

/** The modules of an architecture that a loader, told so by the config, takes for quantized. */
final class DeclaredModules {
    private final List<Parameter> weights;

    DeclaredModules(QuantizationConfig config, ModuleExclusions exclusions, ModelPlan plan) {
        this.weights = plan.parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.LINEAR)
                .filter(parameter -> !exclusions.excludes(parameter.module()))
                .filter(parameter -> isTarget(parameter.module(), config))
                .filter(parameter -> !config.method().equals("gptq") || isInTheLanguageModel(parameter, plan))
                .toList();
    }

    /** GPTQ's loaders replace the modules of the language model's layers and no others. */
    private static boolean isInTheLanguageModel(Parameter parameter, ModelPlan plan) {
        return parameter.name().startsWith(plan.layers().get(0).prefix() + ".");
    }

    /** compressed-tensors quantizes what its groups target, other methods every linear module. */
    private static boolean isTarget(String module, QuantizationConfig config) {
        return !config.method().equals("compressed-tensors")
                || DeclaredGroups.find(module, config).isPresent();
    }

    /** Their weights, in the order of the architecture. */
    List<Parameter> weights() {
        return weights;
    }
}
