package io.modelassay.report;

import io.modelassay.failure.Counted;
import io.modelassay.failure.Printable;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.Summary;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Results in a few plain lines. */
final class ConsoleSummary {
    private static final int SHOWN_CHECKS = 5;

    private ConsoleSummary() {}

    static List<String> of(Results results) {
        Summary summary = results.summary();
        List<String> lines = new ArrayList<>();
        lines.add("ModelAssay: " + tests(summary) + ", " + checks(summary) + ", "
                + Counted.of(summary.models(), "model"));
        results.comparisons().stream()
                .filter(compared -> compared.driftPercent() != null)
                .max(Comparator.comparingDouble(ConsoleSummary::drift))
                .ifPresent(worst -> lines.add("  largest drift "
                        + Numbers.withError(worst.driftPercent(), worst.driftStandardError(), "%") + " of "
                        + worst.model() + " on " + worst.text()));
        List<Check> failed =
                results.checks().stream().filter(check -> !check.holds()).toList();
        failed.stream()
                .limit(SHOWN_CHECKS)
                .forEach(check -> lines.add("  does not hold: " + check.check() + " of " + check.model() + ", "
                        + Numbers.withError(check.value(), check.standardError(), check.unit())
                        + (check.isJudged() ? ", limit " + check.limit() : "")));
        if (failed.size() > SHOWN_CHECKS) {
            lines.add("  and " + (failed.size() - SHOWN_CHECKS) + " more");
        }
        long open = results.checks().stream()
                .filter(check -> !check.isJudged() && check.holds())
                .count();
        if (open > 0) {
            lines.add("  reported, not judged: " + Counted.of(open, "figure") + " without a limit");
        }
        if (!results.baselinesUnused().isEmpty() && summary.testsPassed() == summary.tests()) {
            lines.add("  baselines not used in this run: " + String.join(", ", results.baselinesUnused()));
        }
        return lines.stream().map(Printable::line).toList();
    }

    private static double drift(Compared compared) {
        Double drift = compared.driftPercent();
        return drift == null ? Double.NEGATIVE_INFINITY : drift;
    }

    private static String tests(Summary summary) {
        List<String> others = new ArrayList<>();
        add(others, summary.testsFailed(), "failed");
        add(others, summary.testsAborted(), "aborted");
        add(others, summary.testsSkipped(), "skipped");
        return Counted.of(summary.tests(), "test") + (others.isEmpty() ? "" : " (" + String.join(", ", others) + ")");
    }

    private static void add(List<String> counts, int count, String what) {
        if (count > 0) {
            counts.add(count + " " + what);
        }
    }

    private static String checks(Summary summary) {
        return Counted.of(summary.checks(), "check")
                + (summary.checksFailed() == 0
                        ? summary.checks() == 0 ? "" : " (all hold)"
                        : " (" + summary.checksFailed() + (summary.checksFailed() == 1 ? " does" : " do")
                                + " not hold)");
    }
}
