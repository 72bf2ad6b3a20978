package io.modelassay.report;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.Model;
import io.modelassay.report.Results.Run;
import io.modelassay.report.Results.Summary;
import io.modelassay.report.Results.Test;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Results as one self-contained page. The template escapes every value; only files of our own go in as they are. */
final class ReportPage {
    /** Charts of more lines than this are read from their table. */
    private static final int MOST_LINES = 12;

    private ReportPage() {}

    static String of(Results results) {
        Map<String, Object> page = new HashMap<>();
        page.put("script", PageTemplate.resource(PageTemplate.PACKAGE + "report.js"));
        page.put("chartLibrary", PageTemplate.chartLibrary());
        page.put("chartData", JsonText.inScript(ReportCharts.of(results.comparisons(), MOST_LINES)));
        header(page, results);
        page.put("models", results.models().stream().map(ReportPage::model).toList());
        page.put(
                "comparisons",
                results.comparisons().stream().map(ReportPage::compared).toList());
        page.put("driftHeight", 70 + 44 * results.comparisons().size());
        page.put("provenance", provenance(results.comparisons()));
        layers(page, results.comparisons());
        page.put(
                "checks",
                results.checks().stream()
                        .sorted(Comparator.comparing(Check::holds))
                        .map(ReportPage::check)
                        .toList());
        page.put("unused", String.join(", ", results.baselinesUnused()));
        tests(page, results);
        return PageTemplate.render(PageTemplate.PACKAGE + "report.html.peb", page);
    }

    private static void header(Map<String, Object> page, Results results) {
        Summary summary = results.summary();
        int failures = summary.testsFailed() + summary.checksFailed();
        String verdict;
        if (summary.testsFailed() > 0) {
            verdict = summary.testsFailed() + " of " + ConsoleSummary.count(summary.tests(), "test") + " failed";
        } else if (summary.checksFailed() > 0) {
            verdict = summary.checksFailed() + " of " + ConsoleSummary.count(summary.checks(), "check")
                    + (summary.checksFailed() == 1 ? " does not hold" : " do not hold");
        } else {
            verdict = summary.checks() > 0 ? "All checks hold" : "No check was made";
        }
        page.put("verdict", verdict);
        page.put("verdictKind", failures > 0 ? "bad" : "good");
        page.put("verdictMark", failures > 0 ? "✗" : "✓");
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
        page.put(
                "tiles",
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
                        tile(summary.comparisons(), "comparison", "with a reference", false)));
        Run run = results.run();
        page.put(
                "run",
                run.started().replace('T', ' ').replaceFirst("\\.[0-9]+Z$", " UTC") + " · "
                        + ConsoleSummary.count(run.processes(), "test JVM") + " · Java " + run.java() + " · "
                        + run.platform());
    }

    private static Map<String, Object> tile(int number, String noun, String note, boolean bad) {
        return Map.of(
                "number",
                number,
                "noun",
                number == 1 ? noun : noun + "s",
                "note",
                number == 0 ? "none" : note,
                "kind",
                bad ? "bad" : "");
    }

    private static Map<String, Object> model(Model model) {
        String checks = model.checks() == 0
                ? "none"
                : model.checksFailed() == 0
                        ? model.checks() + " hold"
                        : model.checksFailed() + " of " + model.checks() + " not held";
        boolean compared = model.ranOn() != null;
        return Map.of(
                "artifact",
                model.artifact(),
                "quantization",
                model.scheme(),
                "checks",
                checks,
                "kind",
                model.checks() == 0 ? "quiet" : model.checksFailed() == 0 ? "good" : "bad",
                "perplexity",
                compared ? Numbers.of(model.perplexity()) : "",
                "reference",
                compared ? Numbers.of(model.referencePerplexity()) : "",
                "drift",
                compared ? Numbers.withError(model.driftPercent(), null, "%") : "",
                "ranOn",
                Optional.ofNullable(model.ranOn()).orElse(""));
    }

    private static Map<String, Object> compared(Compared row) {
        Double top1 = row.top1Agreement();
        Double top1Error = row.top1AgreementStandardError();
        return Map.of(
                "model", row.model(),
                "text", row.text(),
                "kind", ReportCharts.kind(row),
                "drift", Numbers.withError(row.driftPercent(), row.driftStandardError(), "%"),
                "limit", row.driftLimit() == null ? "none" : Numbers.percent(row.driftLimit()),
                "perplexity", Numbers.withError(row.perplexity(), row.perplexityStandardError(), ""),
                "kl", Numbers.withError(row.meanKl(), row.meanKlStandardError(), ""),
                "top1",
                        Numbers.withError(
                                top1 == null ? null : 100 * top1, top1Error == null ? null : 100 * top1Error, "%"));
    }

    /** Where the figures come from, once for all of them. */
    private static String provenance(List<Compared> comparisons) {
        return comparisons.stream()
                .map(row -> row.tokens() + " tokens of " + row.text() + ", " + row.protocol() + ", " + row.ranOn())
                .distinct()
                .collect(Collectors.joining("; "));
    }

    private static void layers(Map<String, Object> page, List<Compared> comparisons) {
        List<Compared> layered =
                comparisons.stream().filter(row -> !row.layerErrors().isEmpty()).toList();
        page.put("layered", !layered.isEmpty());
        page.put("layerHeads", layered.stream().map(Compared::model).toList());
        List<String> names = ReportCharts.layerNames(layered);
        List<Map<String, Object>> rows = new ArrayList<>();
        for (String name : names) {
            List<String> cells = layered.stream()
                    .map(row -> row.layerErrors().stream()
                            .filter(layer -> layer.layer().equals(name))
                            .findFirst()
                            .map(layer -> Numbers.of(layer.error()))
                            .orElse(""))
                    .toList();
            rows.add(Map.of("layer", name, "cells", cells));
        }
        page.put("layerRows", rows);
    }

    private static Map<String, Object> check(Check check) {
        return Map.of(
                "check", check.check(),
                "model", check.model(),
                "verdict",
                        !check.isJudged() && check.holds()
                                ? "not judged"
                                : check.holds() ? "✓ holds" : "✗ does not hold",
                "kind", check.holds() ? "good" : "bad",
                "figure", Numbers.withError(check.value(), check.standardError(), check.unit()),
                "limit", check.isJudged() ? (check.limit() + " " + check.unit()).strip() : "none",
                "provenance", check.provenance());
    }

    private static void tests(Map<String, Object> page, Results results) {
        page.put(
                "failures",
                results.tests().stream()
                        .filter(test -> test.outcome().equals("failed"))
                        .map(test -> Map.of("name", test.name(), "message", test.message()))
                        .toList());
        page.put("tests", results.tests().stream().map(ReportPage::test).toList());
        page.put(
                "others",
                results.tests().stream()
                        .filter(test -> test.outcome().equals("aborted")
                                || test.outcome().equals("skipped"))
                        .map(Test::name)
                        .toList());
        page.put("testsTitle", ConsoleSummary.count(results.tests().size(), "test"));
    }

    private static Map<String, Object> test(Test test) {
        String kind = switch (test.outcome()) {
            case "passed" -> "good";
            case "failed" -> "bad";
            default -> "quiet";
        };
        String why = test.outcome().equals("failed")
                ? test.message().lines().findFirst().orElse("")
                : test.message();
        return Map.of("name", test.name(), "outcome", test.outcome(), "kind", kind, "why", why);
    }
}
