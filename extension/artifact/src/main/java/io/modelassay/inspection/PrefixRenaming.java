package io.modelassay.inspection;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Expected names that are stored under another prefix.
 *
 * @param stored the prefix in the file, with its dot; empty for none
 * @param expected the architecture's prefix
 * @param wrapped whether the stored names also have {@code .base_layer.} before the last part
 * @param names stored name to expected name
 */
record PrefixRenaming(String stored, String expected, boolean wrapped, Map<String, String> names) {
    private static final String WRAPPER = ".base_layer.";
    private static final int DEPTH = 4;

    /** More prefixes than that are no cause but a muddle. */
    private static final int MOST = 8;

    /** What saving a wrapped model leaves in front of the names, and how to save without it. */
    private static final Map<String, String> CURES = Map.of(
            "module.", "save model.module, which DistributedDataParallel wraps, not the wrapper",
            "_orig_mod.", "save model._orig_mod, which torch.compile wraps, not the wrapper",
            "base_model.model.", "merge_and_unload() the PEFT model and save what that returns");

    private record Change(String stored, String expected, boolean wrapped) {}

    /** The prefixes under which names of {@code missing} lie among {@code stored}, the most frequent first. */
    static List<PrefixRenaming> find(Collection<String> missing, Collection<String> stored) {
        Set<String> wanted = new TreeSet<>(missing);
        Set<String> rest = new TreeSet<>(stored);
        List<PrefixRenaming> found = new ArrayList<>();
        while (found.size() < MOST) {
            PrefixRenaming best = best(wanted, rest);
            if (best.names.size() < 2) {
                break;
            }
            found.add(best);
            best.names.values().forEach(wanted::remove);
            best.names.keySet().forEach(rest::remove);
        }
        return found;
    }

    private static PrefixRenaming best(Set<String> missing, Set<String> stored) {
        Set<String> heads = new TreeSet<>();
        missing.forEach(name -> heads.addAll(prefixes(name)));
        Map<Change, Map<String, String>> counts = new HashMap<>();
        for (String name : stored) {
            String plain = name.replace(WRAPPER, ".");
            boolean wrapped = !plain.equals(name);
            for (String prefix : prefixes(plain)) {
                for (String head : heads) {
                    String target = head + plain.substring(prefix.length());
                    if (missing.contains(target)) {
                        counts.computeIfAbsent(new Change(prefix, head, wrapped), key -> new TreeMap<>())
                                .put(name, target);
                    }
                }
            }
        }
        return counts.entrySet().stream()
                .map(entry -> new PrefixRenaming(
                        entry.getKey().stored(),
                        entry.getKey().expected(),
                        entry.getKey().wrapped(),
                        entry.getValue()))
                .max(Comparator.<PrefixRenaming>comparingInt(renaming -> renaming.names.size())
                        .thenComparingInt(renaming -> -renaming.stored.length() - renaming.expected.length())
                        .thenComparing(PrefixRenaming::stored))
                .orElseGet(() -> new PrefixRenaming("", "", false, Map.of()));
    }

    /** The empty prefix and the first few parts of {@code name}, up to a number. */
    private static List<String> prefixes(String name) {
        List<String> prefixes = new ArrayList<>(List.of(""));
        int end = name.indexOf('.');
        int begin = 0;
        while (end > 0 && prefixes.size() <= DEPTH && !Character.isDigit(name.charAt(begin))) {
            prefixes.add(name.substring(0, end + 1));
            begin = end + 1;
            end = name.indexOf('.', begin);
        }
        return prefixes;
    }

    /** {@code "module." instead of none}. */
    String inWords() {
        List<String> parts = new ArrayList<>();
        if (!stored.equals(expected)) {
            parts.add(quote(stored) + " instead of " + quote(expected));
        }
        if (wrapped) {
            parts.add("\".base_layer.\" before the last part");
        }
        return String.join(" and ", parts);
    }

    private static String quote(String prefix) {
        return prefix.isEmpty() ? "none" : "\"" + prefix + "\"";
    }

    String cure() {
        if (wrapped) {
            return "merge_and_unload() the PEFT model and save what that returns";
        }
        return CURES.getOrDefault(
                stored, "rename the tensors, or use the model_type in config.json whose names these are");
    }
}
