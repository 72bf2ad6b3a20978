package io.modelassay.adapter;

import io.modelassay.adapter.BaseModule.Kind;
import io.modelassay.checkpoint.PythonPattern;
import io.modelassay.checkpoint.PythonPatterns;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Decides which modules an adapter is for, as PEFT's {@code check_target_module_exists} does. */
final class TargetMatcher {
    private static final String NUMBER = "\\.(\\d+)\\..*";

    /** What PEFT takes where {@code target_modules} is absent, for LoRA and the model types where that is q and v. */
    private static final List<String> QUERY_AND_VALUE = List.of("q_proj", "v_proj");

    private static final Map<String, List<String>> DEFAULTS = Map.of(
            "llama", QUERY_AND_VALUE,
            "mistral", QUERY_AND_VALUE,
            "mixtral", QUERY_AND_VALUE,
            "qwen2", QUERY_AND_VALUE,
            "qwen3", QUERY_AND_VALUE,
            "gemma", QUERY_AND_VALUE,
            "gemma2", QUERY_AND_VALUE,
            "gpt2", List.of("c_attn"));

    private final AdapterConfig config;
    private final List<PythonPattern> saved = new ArrayList<>();
    private final List<PythonPattern> layers = new ArrayList<>();
    private final List<String> defaults;

    TargetMatcher(AdapterConfig config, Optional<String> modelType) {
        this.config = config;
        PythonPatterns patterns = config.patterns();
        for (String name : config.modulesToSave()) {
            saved.add(patterns.compile("(.*\\.)?" + name + "(\\..*)?", "modules_to_save"));
        }
        for (String pattern : config.layersPattern()) {
            layers.add(layerPattern("(?:.*?\\.)?" + pattern));
        }
        if (layers.isEmpty()) {
            layers.add(layerPattern(".*?\\.[^.]*"));
        }
        this.defaults =
                config.targetModules().isPresent() || !config.targetParameters().isEmpty()
                        ? List.of()
                        : DEFAULTS.getOrDefault(modelType.orElse(""), List.of());
    }

    private PythonPattern layerPattern(String before) {
        return config.patterns().compile(before + NUMBER, "layers_pattern");
    }

    /** Whether the config says which modules, or PEFT has a default for the model type. */
    boolean names() {
        return !defaults.isEmpty()
                || config.targetModules().isPresent()
                || !config.targetParameters().isEmpty();
    }

    List<BaseModule> targeted(Collection<BaseModule> modules) {
        return modules.stream().filter(this::matches).toList();
    }

    private boolean matches(BaseModule module) {
        String name = module.name();
        if (config.excludeModules().filter(excluded -> excluded.matches(name)).isPresent()
                || saved.stream().anyMatch(pattern -> pattern.fullMatch(name))) {
            return false;
        }
        if (config.targetModules().isEmpty()) {
            return defaults.stream().anyMatch(ending -> ModuleSelector.endsWith(name, ending)) && inLayers(name);
        }
        ModuleSelector targets = config.targetModules().get();
        if (targets.isAllLinear()) {
            return module.kind() == Kind.LINEAR || module.kind() == Kind.TRANSPOSED;
        }
        return targets.namesWhole(name) || (targets.namesEnd(name) && inLayers(name));
    }

    /** By the first number in the name; entries that are whole names do not ask. */
    private boolean inLayers(String name) {
        List<Long> wanted = config.layersToTransform();
        if (wanted.isEmpty()) {
            return true;
        }
        for (PythonPattern pattern : layers) {
            Optional<String> number = pattern.lastGroup(name);
            if (number.isPresent()) {
                return number.get().length() < 10 && wanted.contains(Long.valueOf(number.get()));
            }
        }
        return false;
    }

    /** Entries of {@code target_modules} that name none of {@code modules}. */
    List<String> idle(Collection<BaseModule> modules) {
        return config.targetModules().map(ModuleSelector::names).orElse(List.of()).stream()
                .filter(entry -> modules.stream()
                        .noneMatch(
                                module -> module.name().equals(entry) || ModuleSelector.endsWith(module.name(), entry)))
                .sorted()
                .toList();
    }
}
