package io.modelassay.cli;

import io.modelassay.matrix.result.CellOutcome;
import io.modelassay.matrix.result.CellResult;
import io.modelassay.matrix.result.MatrixResult;
import io.modelassay.matrix.result.TestResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What the verbs of {@code matrix} say of results. */
final class MatrixReport {
    private MatrixReport() {}

    /** The cells against the baseline's. */
    static Verb.Outcome of(MatrixResult result, Path page) {
        List<String> lines = new ArrayList<>(result.summary());
        lines.add("  report " + page.toAbsolutePath().normalize());
        return new Verb.Outcome(result.document(), String.join("\n", lines) + "\n", result.exitCode() == Main.HOLDS);
    }

    /** One cell on its own, which holds if it came to its end: what its tests mean is said when cells are compared. */
    static Verb.Outcome of(CellResult cell) {
        Layout layout = new Layout().title(cell.cell());
        layout.line(cell.outcome() + ", " + counts(cell) + ", "
                + Layout.decimal(cell.measured().seconds(), 1) + " s");
        cell.detail().lines().forEach(layout::line);
        return new Verb.Outcome(cell, layout.toString(), cell.outcome() == CellOutcome.COMPLETED);
    }

    private static String counts(CellResult result) {
        Map<TestResult.Outcome, Integer> counts = new TreeMap<>();
        result.tests().forEach(test -> counts.merge(test.outcome(), 1, Integer::sum));
        List<String> words = new ArrayList<>();
        counts.forEach((outcome, count) ->
                words.add(count + " " + outcome.name().toLowerCase(Locale.ROOT).replace('_', ' ')));
        return words.isEmpty() ? "no tests" : String.join(", ", words);
    }
}
