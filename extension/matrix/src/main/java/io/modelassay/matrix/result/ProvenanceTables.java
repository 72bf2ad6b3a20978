package io.modelassay.matrix.result;

import io.modelassay.report.FigureLine.Measured;
import io.modelassay.report.HtmlTable;
import io.modelassay.report.HtmlTable.Column;
import io.modelassay.report.HtmlWriter;
import io.modelassay.report.Results.Compared;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Where the results come from, for the page. */
final class ProvenanceTables {
    private static final double MEBI = 1 << 20;

    private final HtmlWriter html;
    private final MatrixResult matrix;

    ProvenanceTables(HtmlWriter html, MatrixResult matrix) {
        this.html = html;
        this.matrix = matrix;
    }

    void write() {
        html.section("cells", "Time and memory", this::costs);
        html.section("provenance", "Where it comes from", () -> {
            libraries();
            origins();
        });
    }

    private void costs() {
        html.element(
                "p",
                "lead",
                "For information: another load of the machine gives other figures, so they decide nothing.");
        HtmlTable.<CellComparison>cards()
                .text("Cell", cell -> Summary.name(matrix, cell))
                .text(
                        Column.of("Time").number(),
                        cell -> of(
                                cell,
                                result -> String.format(
                                        Locale.ROOT, "%.1f s", result.measured().seconds())))
                .text(
                        Column.of("to baseline").number().labelled("Time to baseline"),
                        cell -> ratio(CellCost.of(matrix, cell).secondsRatio()))
                .text(Column.of("Peak memory").number(), cell -> of(cell, ProvenanceTables::memory))
                .text(
                        Column.of("to baseline").number().labelled("Memory to baseline"),
                        cell -> ratio(CellCost.of(matrix, cell).memoryRatio()))
                .write(html, matrix.cells());
    }

    /** What {@code text} tells of the cell's result; empty where there is none. */
    private static String of(CellComparison cell, Function<CellResult, String> text) {
        return cell.result() == null ? "" : text.apply(cell.result());
    }

    private static String memory(CellResult result) {
        Long peak = result.measured().peakResidentBytes();
        return peak == null ? "" : String.format(Locale.ROOT, "%.0f MiB", peak / MEBI);
    }

    /** Libraries that are not of one version everywhere, a column a stack. */
    private void libraries() {
        Map<String, Map<String, Set<String>>> versions = versions();
        List<String> known = matrix.stacks().stream()
                .filter(stack -> matrix.cells().stream()
                        .anyMatch(cell -> cell.stack().equals(stack)
                                && cell.result() != null
                                && !cell.result().libraries().isEmpty()))
                .toList();
        List<Map.Entry<String, Map<String, Set<String>>>> differing = versions.entrySet().stream()
                .filter(entry -> known.stream()
                                .map(stack -> entry.getValue().getOrDefault(stack, Set.of()))
                                .distinct()
                                .count()
                        > 1)
                .toList();
        if (differing.isEmpty()) {
            html.element("p", "lead", "All libraries are of one version with every stack.");
            return;
        }
        html.element("p", "lead", "Libraries that are not of one version with every stack.");
        HtmlTable<Map.Entry<String, Map<String, Set<String>>>> table =
                HtmlTable.<Map.Entry<String, Map<String, Set<String>>>>plain().text("Library", Map.Entry::getKey);
        for (String stack : matrix.stacks()) {
            table.text(
                    stack,
                    library -> known.contains(stack)
                            ? String.join(", ", library.getValue().getOrDefault(stack, Set.of("none")))
                            : "");
        }
        html.open("div", "wide").inside(() -> table.write(html, differing));
    }

    /** The versions of each library, by stack. */
    private Map<String, Map<String, Set<String>>> versions() {
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
        return versions;
    }

    private void origins() {
        HtmlTable.<CellComparison>cards()
                .text("Cell", cell -> Summary.name(matrix, cell))
                .text("Java", cell -> of(cell, CellResult::java))
                .text("Ran on", cell -> of(cell, ProvenanceTables::ranOn))
                .text(Column.of("Protocol").styled("from"), cell -> of(cell, ProvenanceTables::protocols))
                .text(Column.of("Notes").styled("from"), cell -> of(cell, result -> String.join("; ", result.notes())))
                .write(html, matrix.cells());
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
