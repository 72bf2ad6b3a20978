package io.modelassay.matrix.result;

import io.modelassay.report.FigureLine.Measured;
import io.modelassay.report.Results.Compared;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Where the results come from, for the page's template. */
final class ProvenanceTables {
    private static final double MEBI = 1 << 20;

    private ProvenanceTables() {}

    /** Libraries that are not of one version everywhere, a column a stack. */
    static List<Map<String, Object>> libraries(MatrixResult matrix) {
        Map<String, Map<String, Set<String>>> versions = new TreeMap<>();
        for (CellComparison cell : matrix.cells()) {
            if (cell.result() != null) {
                cell.result()
                        .libraries()
                        .forEach((library, version) -> versions.computeIfAbsent(library, unused -> new TreeMap<>())
                                .computeIfAbsent(cell.stack(), unused -> new TreeSet<>())
                                .add(version));
            }
        }
        List<String> known = matrix.stacks().stream()
                .filter(stack -> matrix.cells().stream()
                        .anyMatch(cell -> cell.stack().equals(stack)
                                && cell.result() != null
                                && !cell.result().libraries().isEmpty()))
                .toList();
        return versions.entrySet().stream()
                .filter(entry -> known.stream()
                                .map(stack -> entry.getValue().getOrDefault(stack, Set.of()))
                                .distinct()
                                .count()
                        > 1)
                .map(entry -> Map.<String, Object>of(
                        "library",
                        entry.getKey(),
                        "versions",
                        matrix.stacks().stream()
                                .map(stack -> Map.of(
                                        "stack",
                                        stack,
                                        "version",
                                        known.contains(stack)
                                                ? String.join(
                                                        ", ", entry.getValue().getOrDefault(stack, Set.of("none")))
                                                : ""))
                                .toList()))
                .toList();
    }

    /** A row a cell: Java, what it computed on, time and memory. */
    static List<Map<String, Object>> cells(MatrixResult matrix) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (CellComparison cell : matrix.cells()) {
            CellResult result = cell.result();
            CellCost cost = CellCost.of(matrix, cell);
            Long peak = result == null ? null : result.measured().peakResidentBytes();
            rows.add(Map.of(
                    "name", Summary.name(matrix, cell),
                    "java", result == null ? "" : result.java(),
                    "ranOn", result == null ? "" : ranOn(result),
                    "protocol", result == null ? "" : protocols(result),
                    "seconds",
                            result == null
                                    ? ""
                                    : String.format(
                                            Locale.ROOT,
                                            "%.1f s",
                                            result.measured().seconds()),
                    "secondsRatio", ratio(cost.secondsRatio()),
                    "memory", peak == null ? "" : String.format(Locale.ROOT, "%.0f MiB", peak / MEBI),
                    "memoryRatio", ratio(cost.memoryRatio()),
                    "notes", result == null ? "" : String.join("; ", result.notes())));
        }
        return rows;
    }

    private static String ratio(@Nullable Double ratio) {
        return ratio == null ? "" : String.format(Locale.ROOT, "× %.2f", ratio);
    }

    private static String ranOn(CellResult result) {
        return Stream.concat(
                        result.comparisons().stream().map(row -> ranOn(row.device(), row.dtype(), row.engine())),
                        result.perplexities().stream().map(row -> ranOn(row.device(), row.dtype(), row.engine())))
                .distinct()
                .sorted()
                .collect(Collectors.joining("; "));
    }

    private static String ranOn(String device, String dtype, String engine) {
        return device.toUpperCase(Locale.ROOT) + ", " + dtype + ", " + engine;
    }

    private static String protocols(CellResult result) {
        return Stream.concat(
                        result.comparisons().stream().map(Compared::protocol),
                        result.perplexities().stream().map(Measured::protocol))
                .distinct()
                .sorted()
                .collect(Collectors.joining("; "));
    }
}
