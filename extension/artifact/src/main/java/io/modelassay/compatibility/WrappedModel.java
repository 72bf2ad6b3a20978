package io.modelassay.compatibility;

import io.modelassay.adapter.AdapterLayout.Role;
import io.modelassay.adapter.AdapterLayout.Slot;
import io.modelassay.adapter.BaseModule;
import io.modelassay.adapter.BaseModules;
import io.modelassay.checkpoint.Shape;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The state dict of a model that a version of PEFT has put its tensors into: names in memory, with shapes. */
final class WrappedModel {
    static final String PREFIX = "base_model.model.";
    static final String NAME = "default";

    private final PeftVersion version;
    private final SortedMap<String, Slot> adapter = new TreeMap<>();
    private final Map<String, String> saved = new HashMap<>();
    private final Map<String, Shape> base = new HashMap<>();
    private final Set<String> shared = new HashSet<>();

    WrappedModel(PeftVersion version, PeftTargets targets, BaseModules modules) {
        this.version = version;
        targets.slots().forEach((key, slot) -> {
            String name = inMemory(key, slot);
            adapter.put(name, slot);
            saved.put(key, name);
        });
        if (adapter.keySet().stream().anyMatch(name -> name.startsWith("base_model.vera_"))) {
            for (BaseModule module : targets.modules()) {
                shared.add(PREFIX + module.name() + ".vera_A." + NAME);
                shared.add(PREFIX + module.name() + ".vera_B." + NAME);
            }
        }
        layBase(modules);
    }

    /** The name in memory of what is saved under {@code key}. */
    private String inMemory(String key, Slot slot) {
        if (slot.role() == Role.SAVED) {
            return PREFIX + slot.module() + ".modules_to_save." + NAME
                    + slot.suffix().substring(slot.module().length());
        }
        if (slot.role() != Role.METHOD) {
            return key + "." + NAME;
        }
        int dot = slot.suffix().indexOf('.');
        String before = key.substring(0, key.length() - slot.suffix().length());
        if (dot > 0) {
            return before + slot.suffix().substring(0, dot) + "." + NAME
                    + slot.suffix().substring(dot);
        }
        boolean module = slot.suffix().equals("lora_magnitude_vector") && version.is("magnitude", "module");
        return key + "." + NAME + (module ? ".weight" : "");
    }

    private void layBase(BaseModules modules) {
        Map<String, String> wrapped = new HashMap<>();
        for (Slot slot : adapter.values()) {
            if (slot.role() == Role.SAVED) {
                wrapped.put(slot.module(), ".original_module");
            } else if (slot.role() == Role.TOKENS) {
                wrapped.put(slot.module(), ".token_adapter.base_layer");
            } else if (version.is("wrapped_layer", "base_layer")) {
                wrapped.put(slot.module(), ".base_layer");
            }
        }
        modules.parameters().forEach((name, shape) -> {
            int dot = name.lastIndexOf('.');
            String module = dot < 0 ? "" : name.substring(0, dot);
            base.put(PREFIX + module + wrapped.getOrDefault(module, "") + name.substring(Math.max(0, dot)), shape);
        });
    }

    /** The adapter's tensors by name. */
    SortedMap<String, Slot> adapter() {
        return adapter;
    }

    /** The names by the keys that they are saved under. */
    Map<String, String> bySavedKey() {
        return saved;
    }

    boolean has(String name) {
        return adapter.containsKey(name) || base.containsKey(name) || shared.contains(name);
    }

    boolean isOfBase(String name) {
        return base.containsKey(name);
    }

    /** The shapes that a tensor may have. */
    List<Shape> shapes(String name) {
        Slot slot = adapter.get(name);
        Shape shape = base.get(name);
        return slot != null ? slot.shapes() : shape == null ? List.of() : List.of(shape);
    }

    /** Every name of an adapter's tensor, those that repeat a shared one included. */
    Set<String> adapterNames() {
        Set<String> names = new HashSet<>(adapter.keySet());
        names.addAll(shared);
        return names;
    }
}
