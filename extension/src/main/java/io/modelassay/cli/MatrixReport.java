package io.modelassay.cli;

import io.modelassay.matrix.MatrixPlan;
import io.modelassay.matrix.result.CellOutcome;
import io.modelassay.matrix.result.CellResult;
import io.modelassay.matrix.result.TestResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What {@code matrix run}, {@code cell} and {@code merge} say of results. */
final class MatrixReport {
    private MatrixReport() {}

    /** What they print with {@code --json}. */
    record Document(String baseline, List<CellResult> cells) {}

    static Verb.Outcome of(MatrixPlan plan, List<CellResult> results) {
        return new Verb.Outcome(
                new Document(plan.baseline().name(), results),
                text(plan, results),
                results.stream().allMatch(result -> result.outcome() == CellOutcome.COMPLETED));
    }

    private static String text(MatrixPlan plan, List<CellResult> results) {
        Layout layout = new Layout().title("baseline " + plan.baseline().name());
        List<List<String>> rows = new ArrayList<>();
        for (CellResult result : results) {
            rows.add(List.of(
                    result.cell(),
                    result.outcome().name(),
                    counts(result),
                    Layout.decimal(result.measured().seconds(), 1) + " s",
                    result.measured().peakResidentBytes() == null
                            ? ""
                            : Layout.bytes(result.measured().peakResidentBytes())));
        }
        layout.table(List.of("cell", "outcome", "tests", ">time", ">memory"), rows);
        for (CellResult result : results) {
            if (!result.detail().isEmpty()) {
                layout.title(result.cell());
                result.detail().lines().forEach(layout::line);
            }
        }
        return layout.toString();
    }

    private static String counts(CellResult result) {
        Map<TestResult.Outcome, Integer> counts = new TreeMap<>();
        result.tests().forEach(test -> counts.merge(test.outcome(), 1, Integer::sum));
        List<String> words = new ArrayList<>();
        counts.forEach((outcome, count) ->
                words.add(count + " " + outcome.name().toLowerCase(Locale.ROOT).replace('_', ' ')));
        return String.join(", ", words);
    }
}
