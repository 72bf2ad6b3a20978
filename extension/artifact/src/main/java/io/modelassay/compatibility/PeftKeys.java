package io.modelassay.compatibility;

import io.modelassay.adapter.AdapterLayout.Role;
import io.modelassay.adapter.BaseModules;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/** How a version of PEFT turns the keys of a file into names in memory, as its {@code set_peft_model_state_dict} does. */
final class PeftKeys {
    private static final Map<String, String> MARKS = Map.of(
            "LORA", "lora_",
            "ADALORA", "lora_",
            "IA3", "ia3_",
            "VERA", "vera_lambda_",
            "LOHA", "hada_",
            "LOKR", "lokr_",
            "OFT", "oft_",
            "BOFT", "boft_",
            "TRAINABLE_TOKENS", "trainable_tokens_");

    private final PeftVersion version;
    private final String type;
    private final WrappedModel model;

    PeftKeys(PeftVersion version, String type, WrappedModel model) {
        this.version = version;
        this.type = type;
        this.model = model;
    }

    /** What the names of the method's tensors have in them. */
    String mark() {
        return MARKS.getOrDefault(type, type);
    }

    /** The present path for one that a vision-language model had before transformers 4.52. */
    static String translated(String key, BaseModules base) {
        return key.startsWith(WrappedModel.PREFIX)
                ? WrappedModel.PREFIX + base.canonical(key.substring(WrappedModel.PREFIX.length()))
                : key;
    }

    /**
     * The name in memory of each key.
     *
     * @param keys the keys as stored, by the keys as translated
     * @throws Refusal if a tensor that is looked up is absent
     */
    Map<String, String> inMemory(Map<String, String> keys, Set<String> modulesToSave) {
        boolean lookedUp = version.is("modules_to_save", "looked up");
        Map<String, String> names = new LinkedHashMap<>();
        Map<String, String> wrapped = lookedUp ? lookedUp(keys) : Map.of();
        keys.forEach((key, stored) -> {
            String found = wrapped.get(key);
            String name = found != null ? found : insertName(lookedUp ? key : replaceSaved(key, modulesToSave));
            names.put(stored, name);
        });
        return names;
    }

    private Map<String, String> lookedUp(Map<String, String> keys) {
        Map<String, String> found = new HashMap<>();
        model.bySavedKey().forEach((key, name) -> {
            Role role = Objects.requireNonNull(model.adapter().get(name)).role();
            if (role == Role.SAVED || role == Role.TOKENS) {
                if (!keys.containsKey(key)) {
                    throw new Refusal(
                            "saved-module-absent",
                            "KeyError",
                            "'" + key + "'",
                            "the config says that the adapter holds this tensor, and PEFT " + version.version()
                                    + " looks it up without asking",
                            "take the module out of modules_to_save, or save the adapter with it");
                }
                found.put(key, name);
            }
        });
        return found;
    }

    private static String replaceSaved(String key, Set<String> modulesToSave) {
        for (String module : modulesToSave) {
            if (key.contains(module)) {
                return key.replace(module, module + ".modules_to_save." + WrappedModel.NAME);
            }
        }
        return key;
    }

    private String insertName(String key) {
        if (version.is("adapter_name", "looked up")) {
            boolean magnitude = type.equals("LORA") && key.endsWith("lora_magnitude_vector.weight");
            String saved = magnitude ? key.substring(0, key.length() - ".weight".length()) : key;
            String renamed = type.equals("LORA") && key.endsWith("lora_magnitude_vector") ? key + ".weight" : key;
            return model.bySavedKey().getOrDefault(saved, renamed);
        }
        if (!key.contains(mark())) {
            return key;
        }
        boolean atTheEnd = version.is("adapter_name", "inserted at the end");
        List<String> parts = new ArrayList<>(List.of(key.split(Pattern.quote(mark()), -1)));
        String suffix = parts.get(atTheEnd ? parts.size() - 1 : 1);
        int dot = suffix.indexOf('.');
        if (dot < 0) {
            String name = key + "." + WrappedModel.NAME;
            boolean module = type.equals("LORA") && version.is("magnitude", "module");
            return module && key.endsWith("lora_magnitude_vector") ? name + ".weight" : name;
        }
        String rest = suffix.substring(dot + 1);
        String replaced = WrappedModel.NAME + "." + rest;
        return atTheEnd ? key.substring(0, key.length() - rest.length()) + replaced : key.replace(rest, replaced);
    }
}
