package io.modelassay.quantization;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Scales of activations that the config declares static, so that each quantized module must store one. */
final class ActivationScales {
    /** Names of which a module needs one, and the key that asks for it. */
    private record Asked(List<String> parts, String by) {}

    private static final List<String> FP8 = List.of("input_scale", "activation_scale", "act_scale");

    private static final Set<String> STATIC_ALGORITHMS = Set.of("fp8", "nvfp4");

    private ActivationScales() {}

    static List<Finding> findings(Set<String> modules, QuantizationConfig config, Checkpoint checkpoint) {
        List<String> lacking = new ArrayList<>();
        String part = "";
        String by = "";
        for (String module : modules) {
            Optional<Asked> asked = asked(module, config);
            if (asked.isPresent()
                    && asked.get().parts().stream()
                            .noneMatch(
                                    name -> checkpoint.find(module + "." + name).isPresent())) {
                lacking.add(module);
                part = asked.get().parts().get(0);
                by = asked.get().by();
            }
        }
        if (lacking.isEmpty()) {
            return List.of();
        }
        String all = lacking.size() == modules.size() ? "all of them" : "first " + lacking.get(0);
        return List.of(new Finding(
                "activation-scale-missing",
                Severity.ERROR,
                lacking.get(0) + "." + part,
                (lacking.size() == 1
                                ? lacking.get(0) + " lacks the " + part
                                : lacking.size() + " of " + modules.size() + " quantized modules, " + all
                                        + ", lack the " + part)
                        + " that " + by + " in " + config.source()
                        + " asks for; a server would compute with whatever its memory holds",
                "calibrate these modules again, or declare their activations dynamic"));
    }

    private static Optional<Asked> asked(String module, QuantizationConfig config) {
        if (config.method().equals("fp8")) {
            return config.text("activation_scheme").equals("static")
                    ? Optional.of(new Asked(FP8, "activation_scheme static"))
                    : Optional.empty();
        }
        // Without groups, these two algorithms of ModelOpt mean static activations.
        if (config.method().equals("modelopt")
                && DeclaredGroups.targets(config).isEmpty()
                && STATIC_ALGORITHMS.contains(config.text("quant_algo"))) {
            return Optional.of(new Asked(FP8, "quant_algo " + config.text("quant_algo")));
        }
        return DeclaredGroups.activations(module, config).flatMap(ActivationScales::asked);
    }

    private static Optional<Asked> asked(ModelConfig activations) {
        if (activations.isBool("dynamic") && !activations.bool("dynamic")) {
            return Optional.of(
                    new Asked(List.of("input_scale", "input_global_scale"), "input_activations with dynamic false"));
        }
        return activations.isString("dynamic") && activations.string("dynamic").equals("local")
                ? Optional.of(
                        new Asked(List.of("input_global_scale", "input_scale"), "input_activations with dynamic local"))
                : Optional.empty();
    }
}
