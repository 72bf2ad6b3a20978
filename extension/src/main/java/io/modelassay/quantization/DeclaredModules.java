package io.modelassay.quantization;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.ModelConfig;
import java.util.List;
import java.util.Optional;

/** The modules of an architecture that a loader, told so by the config, takes for quantized. */
final class DeclaredModules {
    private final List<Parameter> weights;

    DeclaredModules(QuantizationConfig config, ModuleExclusions exclusions, ModelPlan plan) {
        List<String> targets = targets(config);
        this.weights = plan.parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.LINEAR)
                .filter(parameter -> !exclusions.excludes(parameter.module()))
                .filter(parameter -> isTarget(parameter.module(), targets))
                .filter(parameter -> !config.method().equals("gptq") || isInTheLanguageModel(parameter, plan))
                .toList();
    }

    /** GPTQ's loaders replace the modules of the language model's layers and no others. */
    private static boolean isInTheLanguageModel(Parameter parameter, ModelPlan plan) {
        return parameter.name().startsWith(plan.layers().get(0).prefix() + ".");
    }

    /** {@code targets} of every group of compressed-tensors; all linear modules where the config has none. */
    private static List<String> targets(QuantizationConfig config) {
        Optional<ModelConfig> groups = config.values().optionalObject("config_groups");
        return groups.stream()
                .flatMap(all -> all.keys().stream().flatMap(key -> all.optionalObject(key).stream()))
                .filter(group -> group.isArray("targets"))
                .flatMap(group -> group.strings("targets").stream())
                .toList();
    }

    private static boolean isTarget(String module, List<String> targets) {
        return targets.isEmpty()
                || targets.stream()
                        .anyMatch(target -> target.equals("Linear") || ModuleExclusions.nameOrPattern(target, module));
    }

    /** Their weights, in the order of the architecture. */
    List<Parameter> weights() {
        return weights;
    }
}
