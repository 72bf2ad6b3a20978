package io.modelassay.inspection;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;

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
        Map<String, List<String>> heads = heads(missing);
        // A file may hold far more names than any of them that fits, and they are gone through again and again.
        Set<String> rest = new TreeSet<>();
        stored.stream().filter(name -> mayFit(name, heads)).forEach(rest::add);
        List<PrefixRenaming> found = new ArrayList<>();
        while (found.size() < MOST) {
            PrefixRenaming best = best(wanted, heads, rest);
            if (best.names.size() < 2) {
                break;
            }
            found.add(best);
            best.names.values().forEach(wanted::remove);
            best.names.keySet().forEach(rest::remove);
        }
        return found;
    }

    /** By what follows a prefix, the prefixes that the names of {@code missing} have before it. */
    private static Map<String, List<String>> heads(Collection<String> missing) {
        Map<String, List<String>> heads = new HashMap<>();
        for (String name : missing) {
            for (String prefix : prefixes(name)) {
                heads.computeIfAbsent(name.substring(prefix.length()), any -> new ArrayList<>())
                        .add(prefix);
            }
        }
        return heads;
    }

    private static boolean mayFit(String name, Map<String, List<String>> heads) {
        String plain = name.replace(WRAPPER, ".");
        return prefixes(plain).stream().anyMatch(prefix -> heads.containsKey(plain.substring(prefix.length())));
    }

    private static PrefixRenaming best(Set<String> missing, Map<String, List<String>> heads, Set<String> stored) {
        Map<Change, Integer> counts = new HashMap<>();
        fits(missing, heads, stored, (change, name) -> counts.merge(change, 1, Integer::sum));
        Optional<Change> best = counts.entrySet().stream()
                .max(Comparator.<Map.Entry<Change, Integer>>comparingInt(Map.Entry::getValue)
                        .thenComparingInt(entry -> -entry.getKey().stored().length()
                                - entry.getKey().expected().length())
                        .thenComparing(entry -> entry.getKey().stored()))
                .map(Map.Entry::getKey);
        Map<String, String> names = new TreeMap<>();
        fits(missing, heads, stored, (change, name) -> {
            if (change.equals(best.orElse(null))) {
                names.put(name.getKey(), name.getValue());
            }
        });
        return best.map(change -> new PrefixRenaming(change.stored, change.expected, change.wrapped, names))
                .orElseGet(() -> new PrefixRenaming("", "", false, names));
    }

    /** Each stored name with the name of {@code missing} that a change makes of it. */
    private static void fits(
            Set<String> missing,
            Map<String, List<String>> heads,
            Set<String> stored,
            BiConsumer<Change, Map.Entry<String, String>> found) {
        for (String name : stored) {
            String plain = name.replace(WRAPPER, ".");
            boolean wrapped = !plain.equals(name);
            for (String prefix : prefixes(plain)) {
                String rest = plain.substring(prefix.length());
                for (String head : heads.getOrDefault(rest, List.of())) {
                    if (missing.contains(head + rest)) {
                        found.accept(new Change(prefix, head, wrapped), Map.entry(name, head + rest));
                    }
                }
            }
        }
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
