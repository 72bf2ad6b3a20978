package io.modelassay.matrix.result;

import io.modelassay.failure.Counted;
import io.modelassay.report.HtmlPage;
import io.modelassay.report.HtmlTable;
import io.modelassay.report.HtmlTable.Column;
import io.modelassay.report.HtmlWriter;
import io.modelassay.report.PageHeader;
import io.modelassay.report.PageHeader.Tile;
import io.modelassay.report.PageResource;
import java.util.List;
import java.util.Locale;

/** A matrix as one self-contained page. */
final class MatrixPage {
    private static final String[][] MARKS = {
        {"good", "✓", "passed"},
        {"bad", "✗", "failed"},
        {"bad new", "✗", "worse than with the baseline"},
        {"lost", "!", "did not end"},
        {"lost", "…", "not reached"},
        {"quiet", "–", "skipped or aborted"},
        {"absent", "", "no such test"}
    };

    private final HtmlWriter html;
    private final MatrixResult matrix;

    private MatrixPage(HtmlWriter html, MatrixResult matrix) {
        this.html = html;
        this.matrix = matrix;
    }

    static String of(MatrixResult matrix) {
        return HtmlPage.of(
                HtmlPage.Policy.CHARTS,
                "ModelAssay matrix: " + verdict(matrix),
                List.of(new PageResource(MatrixPage.class, "matrix.css")),
                html -> new MatrixPage(html, matrix).body());
    }

    private void body() {
        ChartSections charts = new ChartSections(html, MatrixCharts.of(matrix));
        header().write(html);
        html.open("main").inside(() -> {
            new CauseSections(html, matrix).worse();
            if (matrix.suites().size() > 1) {
                html.section("suites", "Suites", this::suites);
            }
            html.section("tests", "Tests", this::tests);
            charts.write();
            new CauseSections(html, matrix).others();
            new ProvenanceTables(html, matrix).write();
        });
        html.open("footer")
                .open("p")
                .text("The same for programs: ")
                .link("matrix.json", "matrix.json")
                .text(", ")
                .link("junit.xml", "junit.xml")
                .text("; for a pull request: ")
                .link("matrix.md", "matrix.md")
                .close()
                .close();
        charts.scripts();
    }

    private static String verdict(MatrixResult matrix) {
        String headline = Summary.headline(matrix);
        return headline.substring(0, 1).toUpperCase(Locale.ROOT) + headline.substring(1);
    }

    private PageHeader header() {
        long regressed = count(Verdict.REGRESSED);
        long lost = count(Verdict.LOST);
        return new PageHeader(
                "ModelAssay library matrix",
                matrix.exitCode() == 0,
                verdict(matrix),
                List.of(
                        new Tile(matrix.stacks().size(), "stack", "one of them the baseline", false),
                        new Tile(TestRow.of(matrix).size(), "test", "variants counted", false),
                        new Tile(
                                regressed,
                                "cell",
                                regressed == 0 ? "regressed" : "worse than the baseline",
                                regressed > 0),
                        new Tile(lost, "cell", lost == 0 ? "lost" : "did not complete", lost > 0)),
                "Baseline " + matrix.baseline() + " · "
                        + Counted.of(matrix.suites().size(), "suite") + " with "
                        + Counted.of(matrix.stacks().size(), "stack"));
    }

    private long count(Verdict verdict) {
        return matrix.cells().stream().filter(cell -> cell.verdict() == verdict).count();
    }

    private void suites() {
        HtmlTable<String> table = HtmlTable.<String>styled("heat").text("Suite", suite -> suite);
        for (String stack : matrix.stacks()) {
            table.cell(Column.of(stack), (html, suite) -> {
                CellComparison cell = matrix.cell(suite, stack);
                html.badge(kind(cell.verdict()), Summary.mark(cell.verdict()) + " " + word(cell))
                        .element("span", "note", cell.result() == null ? "no result" : Summary.tests(cell.result()));
            });
        }
        html.open("div", "wide").inside(() -> table.write(html, matrix.suites()));
    }

    private String word(CellComparison cell) {
        return matrix.isBaseline(cell) && cell.verdict() == Verdict.SAME
                ? "baseline"
                : cell.verdict().name().toLowerCase(Locale.ROOT);
    }

    static String kind(Verdict verdict) {
        return switch (verdict) {
            case SAME -> "good";
            case CHANGED -> "quiet";
            case REGRESSED, LOST -> "bad";
        };
    }

    private void tests() {
        html.open("p", "lead legend");
        for (String[] mark : MARKS) {
            html.open("span")
                    .element("span", "cell " + mark[0], mark[1])
                    .text(" " + mark[2])
                    .close()
                    .text(" ");
        }
        html.close();
        for (int number = 0; number < matrix.suites().size(); number++) {
            new HeatMap(matrix, matrix.suites().get(number), number).write(html);
        }
    }
}
