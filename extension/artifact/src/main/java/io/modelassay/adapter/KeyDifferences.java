package io.modelassay.adapter;

import io.modelassay.adapter.AdapterReport.Mismatch;
import io.modelassay.adapter.AdapterReport.Renamed;
import io.modelassay.checkpoint.Shape;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/** What an adapter's keys differ in from those that PEFT looks for, as far as no cause has explained it yet. */
final class KeyDifferences {
    final AdapterConfig config;
    final BaseModules base;
    final Map<String, Shape> stored;
    final Set<String> missing;
    final Set<String> unexpected;
    final Map<String, Mismatch> mismatched = new TreeMap<>();
    final SortedMap<String, Renamed> renamed;

    KeyDifferences(AdapterConfig config, BaseModules base, Map<String, Shape> stored, AdapterComparison from) {
        this.config = config;
        this.base = base;
        this.stored = stored;
        this.missing = new TreeSet<>(from.missing);
        this.unexpected = new TreeSet<>(from.unexpected);
        from.mismatched.forEach(mismatch -> mismatched.put(mismatch.name(), mismatch));
        this.renamed = new TreeMap<>(from.renamed);
    }

    boolean isEmpty() {
        return missing.isEmpty() && unexpected.isEmpty() && mismatched.isEmpty();
    }

    /** Nothing of what is left needs words of its own. */
    void explainAll() {
        missing.clear();
        unexpected.clear();
        mismatched.clear();
        renamed.clear();
    }

    void explain(Predicate<String> keys) {
        missing.removeIf(keys);
        unexpected.removeIf(keys);
        mismatched.keySet().removeIf(keys);
        renamed.keySet().removeIf(keys);
    }

    static boolean all(Collection<String> keys, Predicate<String> test) {
        return !keys.isEmpty() && keys.stream().allMatch(test);
    }

    static List<String> matching(Collection<String> keys, Predicate<String> test) {
        return keys.stream().filter(test).toList();
    }
}
