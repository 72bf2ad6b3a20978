package io.modelassay.matrix.result;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.report.PageTemplate;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A matrix as one self-contained page. The template escapes every value; only files of our own go in as they are. */
final class MatrixPage {
    private static final String PACKAGE = "io/modelassay/matrix/result/";

    /** So many that the tests begin within the first screen. */
    private static final int FIRST_CAUSES = 5;

    private MatrixPage() {}

    static String of(MatrixResult matrix) {
        Map<String, Object> page = new HashMap<>();
        page.put("matrixCss", PageTemplate.resource(PACKAGE + "matrix.css"));
        page.put("script", PageTemplate.resource(PACKAGE + "matrix.js"));
        page.put("chartLibrary", PageTemplate.chartLibrary());
        header(page, matrix);
        List<Map<String, Object>> causes = causes(matrix);
        int first = Math.min(FIRST_CAUSES, causes.size());
        page.put("causes", causes.subList(0, first));
        page.put("lesserCauses", causes.subList(first, causes.size()));
        page.put("lesserTitle", causes.size() - first + " more");
        page.put("suites", matrix.suites().size() > 1 ? suites(matrix) : List.of());
        page.put("stacks", matrix.stacks());
        page.put("heatMaps", HeatMap.of(matrix));
        List<Map<String, Object>> changes = changes(matrix);
        page.put("changes", changes);
        page.put("changesTitle", Sentences.count(changes.size(), "difference"));
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

    /** What is worse, each cause once. One alone is shown at once. */
    private static List<Map<String, Object>> causes(MatrixResult matrix) {
        List<Cause> causes = Cause.worse(matrix);
        return causes.stream()
                .map(cause -> Map.<String, Object>of(
                        "mark", cause.subject() == Difference.Subject.CELL ? "!" : "✗",
                        "line", cause.message().isEmpty() ? cause.line() : Summary.shortened(cause.line()),
                        "where", cause.where(matrix),
                        "open", causes.size() == 1,
                        "message", FoldedMessage.of(cause.message()),
                        "variants", cause.variants(matrix),
                        "tests", cause.tests(matrix)))
                .toList();
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

    static String kind(Verdict verdict) {
        return switch (verdict) {
            case SAME -> "good";
            case CHANGED -> "quiet";
            case REGRESSED, LOST -> "bad";
        };
    }

    private static List<Map<String, Object>> changes(MatrixResult matrix) {
        return Cause.notWorse(matrix).stream()
                .map(cause -> Map.<String, Object>of(
                        "line", cause.line(), "where", cause.where(matrix), "tests", cause.tests(matrix)))
                .toList();
    }

    private static void charts(Map<String, Object> page, MatrixResult matrix) {
        MatrixCharts charts = MatrixCharts.of(matrix);
        page.put("drift", charts.drift());
        page.put("layers", charts.layers());
        page.put("headroom", charts.headroom());
        page.put("tensors", charts.tensors());
        page.put(
                "driftHeight",
                90 + charts.drift().names().size() * (18 + 14 * matrix.stacks().size()));
        page.put("driftRows", charts.driftRows());
        page.put("chartData", JsonText.inScript(charts));
    }
}
