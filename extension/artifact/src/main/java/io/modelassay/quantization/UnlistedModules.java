package io.modelassay.quantization;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.TensorInfo;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Modules that a loader takes for quantized and that are stored in full precision, told by names and shapes alone, so that no
 * architecture need be known. compressed-tensors and ModelOpt list every linear module that they leave as it is; other
 * methods leave more out by themselves. A module counts that is called as quantized ones of other layers are, and a router
 * where it is a linear module.
 */
final class UnlistedModules {
    private static final Set<String> METHODS = Set.of("compressed-tensors", "modelopt");
    private static final String WEIGHT = ".weight";
    private static final Pattern NUMBER = Pattern.compile("(?<=\\.|^)[0-9]+(?=\\.|$)");

    /** Model types whose router is an {@code nn.Linear} in transformers 4.57.6; elsewhere it is a class of its own. */
    private static final Set<String> LINEAR_ROUTERS = Set.of(
            "ernie4_5_moe",
            "flex_olmo",
            "jamba",
            "minimax",
            "mixtral",
            "olmoe",
            "phimoe",
            "qwen2_moe",
            "qwen3_moe",
            "qwen3_next",
            "qwen3_omni_moe",
            "qwen3_vl_moe");

    private static final List<String> EXPERTS =
            List.of("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts");

    private final QuantizationConfig config;
    private final ModuleExclusions exclusions;
    private final ModelConfig model;
    private final Set<String> layers = new HashSet<>();
    private final Set<String> kinds = new HashSet<>();

    UnlistedModules(
            QuantizationConfig config, ModuleExclusions exclusions, ModelConfig model, Collection<String> quantized) {
        this.config = config;
        this.exclusions = exclusions;
        this.model = model;
        for (String module : quantized) {
            layer(module).ifPresent(layers::add);
            kinds.add(NUMBER.matcher(module).replaceAll("*"));
        }
    }

    /** Everything before and with the first number of a name. */
    private static Optional<String> layer(String module) {
        var number = NUMBER.matcher(module);
        return number.find() ? Optional.of(module.substring(0, number.end())) : Optional.empty();
    }

    NavigableSet<String> of(Collection<TensorInfo> tensors) {
        NavigableSet<String> unlisted = new TreeSet<>();
        boolean perLayer = config.values().isObject("quantized_layers");
        if (!METHODS.contains(config.method()) || layers.isEmpty() || perLayer) {
            return unlisted;
        }
        for (TensorInfo tensor : tensors) {
            if (tensor.name().endsWith(WEIGHT)
                    && tensor.shape().rank() == 2
                    && FloatTypes.isFullPrecision(tensor.type())) {
                String module = tensor.name().substring(0, tensor.name().length() - WEIGHT.length());
                boolean within = layer(module).map(layers::contains).orElse(false);
                boolean linear = kinds.contains(NUMBER.matcher(module).replaceAll("*")) || isLinearRouter(tensor);
                if (within && linear && isTargeted(module) && !exclusions.excludes(module)) {
                    unlisted.add(module);
                }
            }
        }
        return unlisted;
    }

    private boolean isTargeted(String module) {
        return DeclaredGroups.targets(config).isEmpty()
                ? config.method().equals("modelopt")
                : !DeclaredGroups.candidates(module, config).isEmpty();
    }

    /** A row an expert, a column for each value of the hidden state. */
    private boolean isLinearRouter(TensorInfo tensor) {
        if (!model.exists()
                || model.modelType().filter(LINEAR_ROUTERS::contains).isEmpty()) {
            return false;
        }
        ModelConfig language = model.languageModel();
        return number(language, "hidden_size").orElse(-1) == tensor.shape().dimension(1)
                && EXPERTS.stream()
                        .anyMatch(key -> number(language, key).orElse(-1)
                                == tensor.shape().dimension(0));
    }

    private static OptionalLong number(ModelConfig config, String key) {
        return config.isNumber(key) ? config.optionalInteger(key) : OptionalLong.empty();
    }
}
