package io.modelassay.report;

import io.modelassay.failure.Counted;
import io.modelassay.report.HtmlTable.Column;
import io.modelassay.report.PageHeader.Tile;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.Model;
import io.modelassay.report.Results.Run;
import io.modelassay.report.Results.Summary;
import io.modelassay.report.Results.Test;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** Results as one self-contained page. */
final class ReportPage {
    /** Charts of more lines than this are read from their table. */
    private static final int MOST_LINES = 12;

    private final HtmlWriter html;
    private final Results results;

    private ReportPage(HtmlWriter html, Results results) {
        this.html = html;
        this.results = results;
    }

    static String of(Results results) {
        return HtmlPage.of(
                HtmlPage.Policy.CHARTS,
                "ModelAssay: " + verdict(results.summary()),
                List.of(),
                html -> new ReportPage(html, results).body());
    }

    private void body() {
        header().write(html);
        html.open("main").inside(() -> {
            failures();
            models();
            drifts();
            layers();
            checks();
            tests();
            if (!results.baselinesUnused().isEmpty()) {
                html.element(
                        "p",
                        "note",
                        "Baselines that no test used in this run: " + String.join(", ", results.baselinesUnused()));
            }
        });
        html.open("footer")
                .open("p")
                .text("The same figures for programs: ")
                .link("results.json", "results.json")
                .close()
                .close();
        if (!results.comparisons().isEmpty()) {
            html.data("chart-data", ReportCharts.of(results.comparisons(), MOST_LINES))
                    .script(PageResource.CHART_LIBRARY)
                    .script(new PageResource(ReportPage.class, "report.js"));
        }
    }

    private static String verdict(Summary summary) {
        if (summary.testsFailed() > 0) {
            return summary.testsFailed() + " of " + Counted.of(summary.tests(), "test") + " failed";
        }
        if (summary.checksFailed() > 0) {
            return summary.checksFailed() + " of " + Counted.of(summary.checks(), "check")
                    + (summary.checksFailed() == 1 ? " does not hold" : " do not hold");
        }
        return summary.checks() > 0 ? "All checks hold" : "No check was made";
    }

    private PageHeader header() {
        Summary summary = results.summary();
        List<String> others = new ArrayList<>();
        if (summary.testsFailed() > 0) {
            others.add(summary.testsFailed() + " failed");
        }
        if (summary.testsAborted() > 0) {
            others.add(summary.testsAborted() + " aborted");
        }
        if (summary.testsSkipped() > 0) {
            others.add(summary.testsSkipped() + " skipped");
        }
        Run run = results.run();
        return new PageHeader(
                "ModelAssay",
                summary.testsFailed() + summary.checksFailed() == 0,
                verdict(summary),
                List.of(
                        tile(
                                summary.tests(),
                                "test",
                                others.isEmpty() ? "all passed" : String.join(", ", others),
                                summary.testsFailed() > 0),
                        tile(
                                summary.checks(),
                                "check",
                                summary.checksFailed() == 0 ? "all hold" : summary.checksFailed() + " not held",
                                summary.checksFailed() > 0),
                        tile(summary.models(), "model", "under test", false),
                        tile(summary.comparisons(), "comparison", "with a reference", false)),
                run.started().replace('T', ' ').replaceFirst("\\.[0-9]+Z$", " UTC") + " · "
                        + Counted.of(run.processes(), "test JVM") + " · Java " + run.java() + " · "
                        + run.platform());
    }

    private static Tile tile(int number, String noun, String note, boolean isBad) {
        return new Tile(number, noun, number == 0 ? "none" : note, isBad);
    }

    private void failures() {
        List<Test> failures = results.tests().stream()
                .filter(test -> test.outcome().equals("failed"))
                .toList();
        if (failures.isEmpty()) {
            return;
        }
        html.section(
                "failures",
                "Failed tests",
                () -> failures.forEach(test -> html.open("details")
                        .attribute("open", "")
                        .open("summary")
                        .badge("bad", "failed")
                        .text(" " + test.name())
                        .close()
                        .element("pre", test.message())
                        .close()));
    }

    private void models() {
        if (results.models().isEmpty()) {
            return;
        }
        html.section(
                "models",
                "Models",
                () -> HtmlTable.<Model>cards()
                        .text("Model", Model::artifact)
                        .text("Quantization", Model::scheme)
                        .cell("Checks", ReportPage::checksOf)
                        .text(
                                Column.of("Perplexity").number(),
                                model -> isCompared(model) ? Numbers.of(model.perplexity()) : "")
                        .text(
                                Column.of("Reference").number(),
                                model -> isCompared(model) ? Numbers.of(model.referencePerplexity()) : "")
                        .text(
                                Column.of("Drift").number(),
                                model -> isCompared(model) ? Numbers.percent(model.driftPercent()) : "")
                        .text("Ran on", model -> Objects.requireNonNullElse(model.ranOn(), ""))
                        .write(html, results.models()));
    }

    private static boolean isCompared(Model model) {
        return model.ranOn() != null;
    }

    private static void checksOf(HtmlWriter html, Model model) {
        if (model.checks() == 0) {
            html.badge("quiet", "none");
        } else if (model.checksFailed() == 0) {
            html.badge("good", model.checks() + " hold");
        } else {
            html.badge("bad", model.checksFailed() + " of " + model.checks() + " not held");
        }
    }

    private void drifts() {
        List<Compared> comparisons = results.comparisons();
        if (comparisons.isEmpty()) {
            return;
        }
        html.section("drift", "Perplexity drift", () -> {
            html.element(
                    "p",
                    "lead",
                    "Growth of the perplexity against the reference, measured token by token. Whiskers are one standard"
                            + " error; the upright line is the limit that a check asked for; a broken bar goes on beyond"
                            + " the axis.");
            html.open("div", "chart")
                    .attribute("style", "height: " + (70 + 44 * comparisons.size()) + "px")
                    .inside(() -> html.chart(
                            "drift-chart",
                            "Bar chart of the perplexity drift of each quantized model; the same figures stand in the"
                                    + " table below"));
            HtmlTable.<Compared>cards()
                    .cell(
                            "Model",
                            (cell, row) -> cell.text(row.model() + " ").element("span", "sub", "on " + row.text()))
                    .cell(
                            Column.of("Drift").number(),
                            (cell, row) -> cell.element(
                                    "span",
                                    ReportCharts.kind(row),
                                    Numbers.withError(row.driftPercent(), row.driftStandardError(), "%")))
                    .text(
                            Column.of("Limit").number(),
                            row -> row.driftLimit() == null ? "none" : Numbers.percent(row.driftLimit()))
                    .text(
                            Column.of("Perplexity").number(),
                            row -> Numbers.withError(row.perplexity(), row.perplexityStandardError(), ""))
                    .text(
                            Column.of("Mean KL, nats").number(),
                            row -> Numbers.withError(row.meanKl(), row.meanKlStandardError(), ""))
                    .text(Column.of("Top-1 agreement").number(), ReportPage::topTokenAgreement)
                    .write(html, comparisons);
            html.element("p", "note", provenance(comparisons));
        });
    }

    private static String topTokenAgreement(Compared row) {
        Double share = row.top1Agreement();
        Double error = row.top1AgreementStandardError();
        return Numbers.withError(share == null ? null : 100 * share, error == null ? null : 100 * error, "%");
    }

    /** Where the figures come from, once for all of them. */
    private static String provenance(List<Compared> comparisons) {
        return comparisons.stream()
                .map(row -> row.tokens() + " tokens of " + row.text() + ", " + row.protocol() + ", " + row.ranOn())
                .distinct()
                .collect(Collectors.joining("; "));
    }

    private void layers() {
        List<Compared> layered = results.comparisons().stream()
                .filter(row -> !row.layerErrors().isEmpty())
                .toList();
        if (layered.isEmpty()) {
            return;
        }
        HtmlTable<String> table = HtmlTable.<String>plain().text("Layer", layer -> layer);
        layered.forEach(row -> table.text(Column.of(row.model()).number(), layer -> error(row, layer)));
        html.section("layers", "Output error by layer", () -> {
            html.element(
                    "p",
                    "lead",
                    "Relative error of each layer's output against the reference, in Frobenius norms, on a logarithmic"
                            + " scale.");
            html.open("div", "chart layers")
                    .inside(() -> html.chart(
                            "layer-chart",
                            "Line chart of the relative output error of each layer, one line for each quantization; the"
                                    + " same figures stand in the table below"));
            html.open("details")
                    .element("summary", "The same as a table")
                    .inside(() ->
                            html.open("div", "wide").inside(() -> table.write(html, ReportCharts.layerNames(layered))));
        });
    }

    private static String error(Compared row, String name) {
        return row.layerErrors().stream()
                .filter(layer -> layer.layer().equals(name))
                .findFirst()
                .map(layer -> Numbers.of(layer.error()))
                .orElse("");
    }

    private void checks() {
        if (results.checks().isEmpty()) {
            return;
        }
        List<Check> failedFirst = results.checks().stream()
                .sorted(Comparator.comparing(Check::holds))
                .toList();
        html.section(
                "checks",
                "Checks",
                () -> HtmlTable.<Check>cards()
                        .text("Check", Check::check)
                        .text("Model", Check::model)
                        .cell("Verdict", (cell, check) -> cell.badge(check.holds() ? "good" : "bad", verdict(check)))
                        .text(
                                Column.of("Figure").number(),
                                check -> Numbers.withError(check.value(), check.standardError(), check.unit()))
                        .text(
                                Column.of("Limit").styled("limit"),
                                check -> check.isJudged() ? (check.limit() + " " + check.unit()).strip() : "none")
                        .text(Column.of("From").styled("from"), Check::provenance)
                        .write(html, failedFirst));
    }

    private static String verdict(Check check) {
        if (!check.holds()) {
            return "✗ does not hold";
        }
        return check.isJudged() ? "✓ holds" : "not judged";
    }

    private void tests() {
        if (results.tests().isEmpty()) {
            return;
        }
        boolean isOpen = results.tests().stream()
                .anyMatch(test ->
                        test.outcome().equals("aborted") || test.outcome().equals("skipped"));
        html.section("tests", "Tests", () -> {
            html.open("details");
            if (isOpen) {
                html.attribute("open", "");
            }
            html.element("summary", Counted.of(results.tests().size(), "test"));
            HtmlTable.<Test>cards()
                    .text("Test", Test::name)
                    .cell("Outcome", (cell, test) -> cell.badge(kind(test), test.outcome()))
                    .text(Column.of("Why").styled("from"), ReportPage::why)
                    .write(html, results.tests());
            html.close();
        });
    }

    private static String kind(Test test) {
        return switch (test.outcome()) {
            case "passed" -> "good";
            case "failed" -> "bad";
            default -> "quiet";
        };
    }

    /** Of a failure the first line: the whole message stands at the top of the page. */
    private static String why(Test test) {
        return test.outcome().equals("failed")
                ? test.message().lines().findFirst().orElse("")
                : test.message();
    }
}
