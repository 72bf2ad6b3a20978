package io.modelassay.inspection;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Names that one finding is about: those that differ in their layer's number only, or one alone.
 *
 * @param subject the name, or the names with {@code *} for each number, or {@code *} for all names of many kinds
 * @param names what it stands for, sorted
 */
record NameGroup(String subject, List<String> names) {
    /** As many names as still get a finding each. */
    private static final int HANDFUL = 5;

    /** More kinds of names than any model has that belongs to the architecture; what is beyond them is one group. */
    private static final int MOST = 250;

    private static final String ALL = "*";

    /** The groups of {@code names}; up to a handful stay alone, and what is beyond many kinds is one group. */
    static List<NameGroup> of(Collection<String> names) {
        List<NameGroup> all = by(names, name -> "");
        if (all.size() <= MOST) {
            return all;
        }
        List<NameGroup> groups = new ArrayList<>(all.subList(0, MOST));
        groups.add(new NameGroup(
                ALL,
                all.subList(MOST, all.size()).stream()
                        .flatMap(group -> group.names.stream())
                        .toList()));
        return groups;
    }

    /** The same, names of another {@code trait} apart. */
    static List<NameGroup> by(Collection<String> names, Function<String, String> trait) {
        if (names.size() <= HANDFUL) {
            return names.stream()
                    .sorted()
                    .map(name -> new NameGroup(name, List.of(name)))
                    .toList();
        }
        Map<String, List<String>> groups = new TreeMap<>();
        names.stream()
                .sorted()
                .forEach(name -> groups.computeIfAbsent(
                                PrecisionGroup.pattern(name) + "\n" + trait.apply(name), key -> new ArrayList<>())
                        .add(name));
        return groups.values().stream()
                .map(members -> members.size() == 1
                        ? new NameGroup(members.get(0), members)
                        : new NameGroup(PrecisionGroup.pattern(members.get(0)), members))
                .toList();
    }

    /** All of {@code names} in few words: {@code model.layers.*.mlp.up_proj (0-3), lm_head}. */
    static String summary(Collection<String> names) {
        Map<String, List<String>> patterns = names.stream()
                .sorted()
                .collect(Collectors.groupingBy(PrecisionGroup::pattern, TreeMap::new, Collectors.toList()));
        String first = patterns.entrySet().stream()
                .limit(HANDFUL)
                .map(entry -> entry.getValue().size() == 1
                        ? entry.getValue().get(0)
                        : entry.getKey() + " (" + PrecisionGroup.ranges(entry.getValue()) + ")")
                .collect(Collectors.joining(", "));
        return patterns.size() > HANDFUL ? first + " and " + (patterns.size() - HANDFUL) + " more" : first;
    }

    boolean isOne() {
        return names.size() == 1;
    }

    /** {@code 4 of them, layers 0-3}. */
    String extent() {
        String layers = PrecisionGroup.ranges(names);
        return names.size()
                + (layers.isEmpty() ? "" : " of layers " + layers)
                + (subject.equals(ALL) ? ", first " + names.get(0) : "");
    }
}
