package io.modelassay.matrix.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The document {@code matrix.md}, short enough for a comment on a pull request. */
final class MarkdownDocument {
    private static final int SHOWN_REASONS = 10;
    private static final int SHOWN_CHANGES = 10;
    private static final int LONGEST_LINE = 400;
    private static final double MEBI = 1 << 20;

    private MarkdownDocument() {}

    static String of(MatrixResult matrix) {
        List<String> lines = new ArrayList<>();
        lines.add(
                "## " + (matrix.exitCode() == 0 ? "✅" : "❌") + " Library matrix: " + escaped(Summary.headline(matrix)));
        lines.add("");
        reasons(lines, matrix);
        table(lines, matrix);
        changes(lines, matrix);
        return String.join("\n", lines) + "\n";
    }

    private static void reasons(List<String> lines, MatrixResult matrix) {
        for (CellComparison cell : matrix.cells()) {
            List<String> reasons = Sentences.reasons(cell);
            if (!reasons.isEmpty()) {
                lines.add("**" + escaped(Summary.name(matrix, cell)) + "**");
                lines.add("");
                items(lines, reasons, SHOWN_REASONS);
                lines.add("");
            }
        }
    }

    private static void table(List<String> lines, MatrixResult matrix) {
        boolean suites = matrix.suites().size() > 1;
        lines.add((suites ? "| Suite " : "") + "| Stack | Verdict | Passed | Failed | Other | Seconds | Peak MiB |");
        lines.add((suites ? "| --- " : "") + "| --- | --- | ---: | ---: | ---: | ---: | ---: |");
        for (CellComparison cell : matrix.cells()) {
            lines.add((suites ? "| " + escaped(cell.suite()) + " " : "") + "| " + escaped(cell.stack()) + " | "
                    + Summary.mark(cell.verdict()) + " " + verdict(matrix, cell) + " | "
                    + figures(cell.result(), CellCost.of(matrix, cell)) + " |");
        }
        lines.add("");
    }

    private static String verdict(MatrixResult matrix, CellComparison cell) {
        return matrix.isBaseline(cell) && cell.verdict() == Verdict.SAME
                ? "baseline"
                : cell.verdict().name().toLowerCase(Locale.ROOT);
    }

    private static String figures(@Nullable CellResult result, CellCost cost) {
        if (result == null) {
            return " | | | | ";
        }
        long passed = count(result, TestResult.Outcome.PASSED);
        long failed = count(result, TestResult.Outcome.FAILED);
        Long peak = result.measured().peakResidentBytes();
        return passed + " | " + failed + " | " + (result.tests().size() - passed - failed) + " | "
                + String.format(Locale.ROOT, "%.1f", result.measured().seconds())
                + (cost.isOtherTime() ? factor(cost.secondsRatio()) : "") + " | "
                + (peak == null ? "" : String.format(Locale.ROOT, "%.0f", peak / MEBI))
                + (cost.isOtherMemory() ? factor(cost.memoryRatio()) : "");
    }

    private static String factor(@Nullable Double ratio) {
        return ratio == null ? "" : String.format(Locale.ROOT, " (× %.1f)", ratio);
    }

    private static long count(CellResult result, TestResult.Outcome outcome) {
        return result.tests().stream().filter(test -> test.outcome() == outcome).count();
    }

    /** What differs without being worse. */
    private static void changes(List<String> lines, MatrixResult matrix) {
        for (CellComparison cell : matrix.cells()) {
            List<String> changes = Sentences.notWorse(cell);
            if (!changes.isEmpty()) {
                lines.add("<details><summary>" + escaped(Summary.name(matrix, cell)) + ": "
                        + Sentences.count(changes.size(), "other difference") + "</summary>");
                lines.add("");
                items(lines, changes, SHOWN_CHANGES);
                lines.add("");
                lines.add("</details>");
                lines.add("");
            }
        }
    }

    private static void items(List<String> lines, List<String> items, int most) {
        items.stream().limit(most).forEach(item -> lines.add("- " + escaped(Summary.oneLine(item))));
        if (items.size() > most) {
            lines.add("- and " + (items.size() - most) + " more");
        }
    }

    /** As text, whatever it holds: markup, mentions and references of other people's names and messages do nothing. */
    private static String escaped(String text) {
        String shown = text.length() <= LONGEST_LINE ? text : text.substring(0, LONGEST_LINE) + " …";
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < shown.length(); i++) {
            char c = shown.charAt(i);
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '@' -> escaped.append("&#64;");
                case '\\', '`', '*', '_', '[', ']', '|', '~', '#' ->
                    escaped.append('\\').append(c);
                default -> escaped.append(Character.isISOControl(c) ? ' ' : c);
            }
        }
        return escaped.toString();
    }
}
