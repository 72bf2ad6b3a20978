package io.modelassay.baseline;

import io.modelassay.baseline.Baseline.Conditions;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a model is now against what was recorded.
 *
 * @param conditions that are not the same, so that nothing else is compared
 * @param facts that differ
 * @param figures that moved beyond their tolerance
 * @param tensors that were added, removed or changed
 */
record Difference(
        Baseline recorded,
        Baseline now,
        List<String> conditions,
        List<String> facts,
        List<Move> figures,
        List<String> tensors) {
    /** Layers and tensors beyond this many are counted. */
    private static final int SHOWN = 5;

    private static final Set<String> LARGER_IS_BETTER = Set.of(Measurement.AGREEMENT);
    private static final Set<String> NEITHER_IS_BETTER = Set.of(Measurement.STORED_MAX, Measurement.DECODED_MAX);

    /** A figure that moved; null where it is not measured. */
    record Move(
            String figure,
            @Nullable Double recorded,
            @Nullable Double now,
            String tolerance) {
        /** {@code better}, {@code worse}, or nothing where it cannot be said. */
        String direction() {
            if (recorded == null || now == null || NEITHER_IS_BETTER.contains(figure)) {
                return "";
            }
            boolean better = LARGER_IS_BETTER.contains(figure) ? now > recorded : now < recorded;
            return better ? "better" : "worse";
        }

        double size() {
            return recorded == null || now == null || !Double.isFinite(now)
                    ? Double.POSITIVE_INFINITY
                    : Math.abs(now - recorded);
        }

        boolean isOfOneLayer() {
            return DefaultTolerances.family(figure).equals(Measurement.LAYER_ERROR);
        }

        @Override
        public String toString() {
            String move = figure + ": " + shown(recorded) + " → " + shown(now);
            return direction().isEmpty()
                    ? move + ", tolerance " + tolerance
                    : move + ", " + direction() + ", tolerance " + tolerance;
        }
    }

    private static String shown(@Nullable Object value) {
        if (value instanceof Double number && Double.isFinite(number)) {
            return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
        }
        return value == null ? "none" : value.toString();
    }

    static Difference between(Baseline recorded, Baseline now) {
        List<String> conditions = conditions(recorded.conditions(), now.conditions());
        return conditions.isEmpty()
                ? new Difference(
                        recorded, now, List.of(), facts(recorded, now), figures(recorded, now), tensors(recorded, now))
                : new Difference(recorded, now, conditions, List.of(), List.of(), List.of());
    }

    private static List<String> conditions(Conditions recorded, Conditions now) {
        List<String> different = new ArrayList<>();
        if (!recorded.dtype().equals(now.dtype())) {
            different.add("recorded in " + recorded.dtype() + ", now " + now.dtype());
        }
        String text = hash(recorded);
        if (!text.equals(hash(now))) {
            different.add("recorded " + over(recorded) + ", now " + over(now));
        } else if (!Objects.equals(recorded.protocol(), now.protocol())) {
            different.add("recorded under " + recorded.protocol() + ", now under " + now.protocol());
        }
        return different;
    }

    private static String hash(Conditions conditions) {
        return conditions.text() == null ? "" : conditions.text().sha256();
    }

    private static String over(Conditions conditions) {
        return conditions.text() == null ? "without a text" : "over " + conditions.text();
    }

    private static List<String> facts(Baseline recorded, Baseline now) {
        List<String> different = new ArrayList<>();
        for (String name : union(recorded.facts(), now.facts())) {
            if (!Objects.equals(recorded.facts().get(name), now.facts().get(name))) {
                different.add(name + ": " + shown(recorded.facts().get(name)) + " → "
                        + shown(now.facts().get(name)));
            }
        }
        return different;
    }

    private static List<Move> figures(Baseline recorded, Baseline now) {
        List<Move> moved = new ArrayList<>();
        for (String name : union(recorded.figures(), now.figures())) {
            Double from = recorded.figures().get(name);
            Double to = now.figures().get(name);
            Tolerance tolerance = recorded.tolerance(name);
            if (from == null || to == null || !tolerance.allows(from, to)) {
                moved.add(new Move(name, from, to, tolerance.toString()));
            }
        }
        return moved;
    }

    private static List<String> tensors(Baseline recorded, Baseline now) {
        SortedMap<String, String> found = now.tensors();
        if (found == null) {
            return List.of();
        }
        SortedMap<String, String> known = recorded.tensors();
        if (known == null) {
            return List.of("hashes of tensors: none → " + found.size());
        }
        SortedMap<String, List<String>> kinds = new TreeMap<>();
        for (String name : union(known, found)) {
            String kind = !known.containsKey(name) ? "added" : !found.containsKey(name) ? "removed" : "changed";
            if (!Objects.equals(known.get(name), found.get(name))) {
                kinds.computeIfAbsent(kind, none -> new ArrayList<>()).add("tensor " + name + ": " + kind);
            }
        }
        return kinds.values().stream().flatMap(List::stream).toList();
    }

    private static <V> SortedSet<String> union(SortedMap<String, V> one, SortedMap<String, V> other) {
        SortedSet<String> names = new TreeSet<>(one.keySet());
        names.addAll(other.keySet());
        return names;
    }

    boolean isEmpty() {
        return count() == 0;
    }

    private int count() {
        return conditions.size() + facts.size() + figures.size() + tensors.size();
    }

    /** What differs, one a line: facts, then figures, the layers that moved most, then tensors. */
    List<String> lines() {
        List<String> lines = new ArrayList<>(conditions);
        lines.addAll(facts);
        figures.stream()
                .filter(move -> !move.isOfOneLayer())
                .map(Move::toString)
                .forEach(lines::add);
        lines.addAll(first(
                figures.stream()
                        .filter(Move::isOfOneLayer)
                        .sorted(Comparator.comparingDouble(Move::size).reversed())
                        .map(Move::toString)
                        .toList(),
                "layers"));
        lines.addAll(first(tensors, "tensors"));
        return lines;
    }

    private static List<String> first(List<String> all, String what) {
        Stream<String> rest =
                all.size() > SHOWN ? Stream.of("and " + (all.size() - SHOWN) + " more " + what) : Stream.of();
        return Stream.concat(all.stream().limit(SHOWN), rest).toList();
    }

    Mismatch mismatch() {
        List<String> provenance = List.of("recorded: " + from(recorded), "now: " + from(now));
        if (!conditions.isEmpty()) {
            return new Mismatch(
                    conditions.size(),
                    "it was recorded under other conditions, so nothing is compared:",
                    lines(),
                    provenance,
                    "the conditions of the recording, or an id for each; " + Baselines.UPDATE + " if these are meant");
        }
        return new Mismatch(
                count(),
                count() + (count() == 1 ? " thing differs:" : " things differ:"),
                lines(),
                provenance,
                nextStep());
    }

    private static String from(Baseline baseline) {
        return baseline.model() + ", " + baseline.conditions().dtype() + ", " + baseline.recorded();
    }

    private String nextStep() {
        boolean onlyFigures = facts.isEmpty() && tensors.isEmpty();
        Set<String> directions = new LinkedHashSet<>();
        figures.forEach(move -> directions.add(move.direction()));
        if (onlyFigures && directions.equals(Set.of("better"))) {
            return Baselines.UPDATE + ", as every figure that moved is better";
        }
        if (onlyFigures && !recorded.recorded().ranLike(now.recorded())) {
            return "the engine and device of the recording, which tells whether they are the cause; " + Baselines.UPDATE
                    + " if the change is wanted";
        }
        return (recorded.tensors() != null && now.tensors() == null
                        ? "matchesBaselineExactly, which names the tensors that changed; "
                        : "undoing what changed; ")
                + Baselines.UPDATE + " if it is wanted";
    }
}
