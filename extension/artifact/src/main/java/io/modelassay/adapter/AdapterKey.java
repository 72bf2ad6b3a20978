package io.modelassay.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The key of one of a method's own tensors, taken apart.
 *
 * @param module name of the module, without what does not belong there
 * @param root name of the tensor, such as {@code lora_A}
 * @param suffix what PEFT writes behind the module's name, such as {@code lora_A.weight}
 * @param leftovers what does not belong there
 */
record AdapterKey(String module, String root, String suffix, Set<KeyLeftover> leftovers) {
    static final String PREFIX = "base_model.model.";

    static Optional<AdapterKey> of(String key, PeftMethod method) {
        List<String> parts = Arrays.asList(key.split("\\.", -1));
        int at = parts.size() - 1;
        while (at >= 0 && !method.roots().containsKey(parts.get(at))) {
            at--;
        }
        if (at <= 0) {
            return Optional.empty();
        }
        EnumSet<KeyLeftover> leftovers = EnumSet.noneOf(KeyLeftover.class);
        String module = module(parts.subList(0, at), leftovers);
        List<String> rest = new ArrayList<>(parts.subList(at + 1, parts.size()));
        if (!rest.isEmpty() && !isParameter(rest.get(0))) {
            leftovers.add(KeyLeftover.ADAPTER_NAME);
            rest.remove(0);
        }
        String root = parts.get(at);
        String suffix = rest.isEmpty() ? root : root + "." + String.join(".", rest);
        // Some exporters write DoRA's magnitudes as a module's weight; PEFT reads both.
        return Optional.of(new AdapterKey(
                module, root, suffix.equals(LoraMethod.MAGNITUDE + ".weight") ? root : suffix, leftovers));
    }

    private static boolean isParameter(String part) {
        return part.equals("weight") || part.equals("bias");
    }

    private static String module(List<String> parts, Set<KeyLeftover> leftovers) {
        List<String> path = new ArrayList<>(parts);
        if (path.removeIf("_orig_mod"::equals)) {
            leftovers.add(KeyLeftover.COMPILED);
        }
        if (path.removeIf("base_layer"::equals)) {
            leftovers.add(KeyLeftover.BASE_LAYER);
        }
        int prefixes = 0;
        while (true) {
            if (!path.isEmpty() && path.get(0).equals("module")) {
                leftovers.add(KeyLeftover.DATA_PARALLEL);
                path.remove(0);
            } else if (path.size() > 1
                    && path.get(0).equals("base_model")
                    && path.get(1).equals("model")) {
                prefixes++;
                path.subList(0, 2).clear();
            } else {
                break;
            }
        }
        if (prefixes != 1) {
            leftovers.add(prefixes == 0 ? KeyLeftover.PREFIX_ABSENT : KeyLeftover.PREFIX_DOUBLED);
        }
        return String.join(".", path);
    }

    /** The key that PEFT would write for {@code name}. */
    String keyOf(String name) {
        return PREFIX + name + "." + suffix;
    }
}
