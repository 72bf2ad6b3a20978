package io.modelassay.matrix.result;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A figure of the baseline and the same figure here; one of the two may be absent.
 *
 * @param <T> what holds the figure
 */
record Pairing<T>(@Nullable T before, @Nullable T after) {

    /**
     * Pairs what has the same name: first where also {@code alike} holds, then what is left in order.
     *
     * @param name what it is a figure of
     * @param alike whether the two were measured in the same way
     */
    static <T> List<Pairing<T>> of(List<T> baseline, List<T> here, Function<T, String> name, BiPredicate<T, T> alike) {
        return of(baseline, here, name, alike, (a, b) -> true);
    }

    /**
     * The same, where not all of one name may be paired.
     *
     * @param possible whether the two may be a pair at all
     */
    static <T> List<Pairing<T>> of(
            List<T> baseline,
            List<T> here,
            Function<T, String> name,
            BiPredicate<T, T> alike,
            BiPredicate<T, T> possible) {
        Map<String, List<T>> before = byName(baseline, name);
        Map<String, List<T>> after = byName(here, name);
        TreeSet<String> names = new TreeSet<>(before.keySet());
        names.addAll(after.keySet());
        List<Pairing<T>> pairs = new ArrayList<>();
        for (String each : names) {
            List<T> left = before.getOrDefault(each, new ArrayList<>());
            List<T> right = after.getOrDefault(each, new ArrayList<>());
            pair(left, right, alike.and(possible), pairs);
            pair(left, right, possible, pairs);
            left.forEach(item -> pairs.add(new Pairing<>(item, null)));
            right.forEach(item -> pairs.add(new Pairing<>(null, item)));
        }
        return pairs;
    }

    private static <T> Map<String, List<T>> byName(List<T> items, Function<T, String> name) {
        Map<String, List<T>> byName = new LinkedHashMap<>();
        items.forEach(item -> byName.computeIfAbsent(name.apply(item), unused -> new ArrayList<>())
                .add(item));
        return byName;
    }

    private static <T> void pair(List<T> left, List<T> right, BiPredicate<T, T> alike, List<Pairing<T>> pairs) {
        for (Iterator<T> items = left.iterator(); items.hasNext(); ) {
            T item = items.next();
            T other = right.stream()
                    .filter(candidate -> alike.test(item, candidate))
                    .findFirst()
                    .orElse(null);
            if (other != null) {
                items.remove();
                right.remove(other);
                pairs.add(new Pairing<>(item, other));
            }
        }
    }

    /** Either of the two. */
    T any() {
        return Objects.requireNonNull(after == null ? before : after);
    }
}
