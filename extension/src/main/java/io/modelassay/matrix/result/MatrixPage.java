package io.modelassay.matrix.result;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.report.PageTemplate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A matrix as one self-contained page. The template escapes every value; only files of our own go in as they are. */
final class MatrixPage {
    private static final String PACKAGE = "io/modelassay/matrix/result/";

    private MatrixPage() {}

    static String of(MatrixResult matrix) {
        Map<String, Object> page = new HashMap<>();
        page.put("matrixCss", PageTemplate.resource(PACKAGE + "matrix.css"));
        page.put("script", PageTemplate.resource(PACKAGE + "matrix.js"));
        page.put("chartLibrary", PageTemplate.chartLibrary());
        header(page, matrix);
        page.put("troubles", troubles(matrix));
        page.put("suites", matrix.suites().size() > 1 ? suites(matrix) : List.of());
        page.put("stacks", matrix.stacks());
        page.put("heatMaps", HeatMap.of(matrix));
        page.put("changes", changes(matrix));
        charts(page, matrix);
        page.put("libraries", ProvenanceTables.libraries(matrix));
        page.put("cells", ProvenanceTables.cells(matrix));
        return PageTemplate.render(PACKAGE + "matrix.html.peb", page);
    }

    private static void header(Map<String, Object> page, MatrixResult matrix) {
        String headline = Summary.headline(matrix);
        boolean good = matrix.exitCode() == 0;
        long regressed = count(matrix, Verdict.REGRESSED);
        long lost = count(matrix, Verdict.LOST);
        int tests = TestRow.of(matrix).size();
        page.put("verdict", headline.substring(0, 1).toUpperCase(Locale.ROOT) + headline.substring(1));
        page.put("verdictKind", good ? "good" : "bad");
        page.put("verdictMark", good ? "✓" : "✗");
        page.put(
                "tiles",
                List.of(
                        tile(matrix.stacks().size(), "stack", "one of them the baseline", false),
                        tile(tests, "test", "variants counted", false),
                        tile(
                                regressed,
                                "cell",
                                regressed == 0 ? "regressed" : "worse than the baseline",
                                regressed > 0),
                        tile(lost, "cell", lost == 0 ? "lost" : "did not complete", lost > 0)));
        page.put(
                "run",
                "Baseline " + matrix.baseline() + " · "
                        + Sentences.count(matrix.suites().size(), "suite") + " with "
                        + Sentences.count(matrix.stacks().size(), "stack"));
    }

    private static long count(MatrixResult matrix, Verdict verdict) {
        return matrix.cells().stream().filter(cell -> cell.verdict() == verdict).count();
    }

    private static Map<String, Object> tile(long number, String noun, String note, boolean bad) {
        return Map.of(
                "number", number, "noun", number == 1 ? noun : noun + "s", "note", note, "kind", bad ? "bad" : "");
    }

    /** Cells that are worse, each with its reasons, the messages of its tests whole. */
    private static List<Map<String, Object>> troubles(MatrixResult matrix) {
        List<Map<String, Object>> troubles = new ArrayList<>();
        for (CellComparison cell : matrix.cells()) {
            if (cell.verdict().compareTo(Verdict.REGRESSED) < 0) {
                continue;
            }
            List<Map<String, Object>> reasons = new ArrayList<>();
            List<TestChange> failing = cell.tests().stream()
                    .filter(change -> change.worse() && !change.message().isEmpty())
                    .toList();
            List<String> lines = new ArrayList<>(Sentences.reasons(cell));
            for (TestChange change : failing) {
                lines.remove(Sentences.test(change));
                reasons.add(Map.of(
                        "line",
                        Sentences.test(change).replace(": " + FailureKind.firstLine(change.message()), ""),
                        "message",
                        change.message()));
            }
            troubles.add(Map.of(
                    "name",
                    Summary.name(matrix, cell),
                    "badge",
                    Summary.mark(cell.verdict()) + " " + cell.verdict().name().toLowerCase(Locale.ROOT),
                    "state",
                    Summary.state(matrix, cell),
                    "failing",
                    reasons,
                    "lines",
                    lines));
        }
        return troubles;
    }

    private static List<Map<String, Object>> suites(MatrixResult matrix) {
        return matrix.suites().stream()
                .map(suite -> Map.<String, Object>of(
                        "suite",
                        suite,
                        "cells",
                        matrix.stacks().stream()
                                .map(stack -> matrix.cell(suite, stack))
                                .map(cell -> Map.of(
                                        "kind",
                                        kind(cell.verdict()),
                                        "badge",
                                        Summary.mark(cell.verdict()) + " "
                                                + (matrix.isBaseline(cell) && cell.verdict() == Verdict.SAME
                                                        ? "baseline"
                                                        : cell.verdict().name().toLowerCase(Locale.ROOT)),
                                        "tests",
                                        cell.result() == null ? "no result" : Summary.tests(cell.result())))
                                .toList()))
                .toList();
    }

    private static String kind(Verdict verdict) {
        return switch (verdict) {
            case SAME -> "good";
            case CHANGED -> "quiet";
            case REGRESSED, LOST -> "bad";
        };
    }

    /** What differs without being worse, cell by cell. */
    private static List<Map<String, Object>> changes(MatrixResult matrix) {
        return matrix.cells().stream()
                .filter(cell -> !Sentences.notWorse(cell).isEmpty())
                .map(cell -> Map.<String, Object>of(
                        "title",
                        Summary.name(matrix, cell) + ": "
                                + Sentences.count(Sentences.notWorse(cell).size(), "difference"),
                        "lines",
                        Sentences.notWorse(cell)))
                .toList();
    }

    private static void charts(Map<String, Object> page, MatrixResult matrix) {
        MatrixCharts charts = MatrixCharts.of(matrix);
        page.put("drift", charts.drift());
        page.put("layers", charts.layers());
        page.put("tensors", charts.tensors());
        page.put(
                "driftHeight",
                90 + charts.drift().names().size() * (18 + 14 * matrix.stacks().size()));
        page.put("driftRows", charts.driftRows());
        page.put("chartData", JsonText.inScript(charts));
    }
}
