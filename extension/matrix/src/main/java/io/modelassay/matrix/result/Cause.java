package io.modelassay.matrix.result;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Differences that are alike, in one cell or in several.
 *
 * @param differences at least one, in the order of the cells
 */
record Cause(List<Difference> differences) {
    private static final Pattern VERSION_OF_AXIS = Pattern.compile("(\\S+ )[0-9][\\w.+-]*");

    private record Test(String suite, String name) {}

    private record Place(String suite, String stack) {
        static Place of(Difference difference) {
            return new Place(difference.cell().suite(), difference.cell().stack());
        }
    }

    /** All that is worse: cells that are lost, then tests, tensors and figures, each with what hits most first. */
    static List<Cause> worse(MatrixResult matrix) {
        return of(matrix, Difference::worse);
    }

    /** Everything else that differs, in the same order. */
    static List<Cause> notWorse(MatrixResult matrix) {
        return of(matrix, difference -> !difference.worse());
    }

    private static List<Cause> of(MatrixResult matrix, Predicate<Difference> wanted) {
        Map<List<Object>, List<Difference>> alike = new LinkedHashMap<>();
        matrix.cells().stream()
                .flatMap(Difference::of)
                .filter(wanted)
                .forEach(difference -> alike.computeIfAbsent(
                                List.of(difference.subject(), difference.key()), unused -> new ArrayList<>())
                        .add(difference));
        return alike.values().stream()
                .map(Cause::new)
                .sorted(Comparator.comparing(Cause::subject)
                        .thenComparing(cause -> -cause.placesByTest().size())
                        .thenComparing(cause -> -cause.differences().size()))
                .toList();
    }

    Difference.Subject subject() {
        return first().subject();
    }

    private Difference first() {
        return differences.get(0);
    }

    /** One line; where several are alike, the first stands for all. */
    String line() {
        int tests = placesByTest().size();
        TestChange change = first().test();
        return change == null || tests == 1 ? first().sentence() : Sentences.tests(tests, change);
    }

    /** What the first of its tests said; empty if there is none. */
    String message() {
        TestChange change = first().test();
        return change == null ? "" : change.message();
    }

    /** Its tests if there are several, each with its stacks where it does not hold in all of the cause's. */
    List<String> tests(MatrixResult matrix) {
        Map<Test, Set<Place>> tests = placesByTest();
        if (tests.size() <= 1) {
            return List.of();
        }
        Set<Place> all = places();
        return tests.entrySet().stream()
                .map(test -> test.getKey().name()
                        + (test.getValue().equals(all) ? "" : " (" + where(matrix, test.getValue()) + ")"))
                .toList();
    }

    /** Sentences of single stacks that say more than {@link #line} does. */
    List<String> variants(MatrixResult matrix) {
        return differences.stream()
                .filter(difference -> difference.test() == null)
                .filter(difference -> !difference.sentence().equals(first().sentence()))
                .map(difference -> Summary.name(matrix, difference.cell()) + ": " + difference.sentence())
                .toList();
    }

    private Set<Place> places() {
        return differences.stream().map(Place::of).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private Map<Test, Set<Place>> placesByTest() {
        Map<Test, Set<Place>> places = new LinkedHashMap<>();
        for (Difference difference : differences) {
            TestChange change = difference.test();
            if (change != null) {
                places.computeIfAbsent(
                                new Test(difference.cell().suite(), change.name()), unused -> new LinkedHashSet<>())
                        .add(Place.of(difference));
            }
        }
        return places;
    }

    /** Such as {@code djl 0.22.1, 0.25.0}, by suites where the matrix has several. */
    String where(MatrixResult matrix) {
        return where(matrix, places());
    }

    private static String where(MatrixResult matrix, Set<Place> places) {
        Map<String, List<String>> stacks = new LinkedHashMap<>();
        places.forEach(place -> stacks.computeIfAbsent(place.suite(), unused -> new ArrayList<>())
                .add(place.stack()));
        return stacks.entrySet().stream()
                .map(suite -> (matrix.suites().size() == 1 ? "" : suite.getKey() + " with ") + stacks(suite.getValue()))
                .collect(Collectors.joining("; "));
    }

    private static String stacks(List<String> names) {
        List<String> shown = new ArrayList<>();
        String before = "";
        for (String name : names) {
            Matcher version = VERSION_OF_AXIS.matcher(name);
            String axis = version.matches() ? version.group(1) : "";
            shown.add(axis.equals(before) ? name.substring(axis.length()) : name);
            before = axis;
        }
        return String.join(", ", shown);
    }
}
