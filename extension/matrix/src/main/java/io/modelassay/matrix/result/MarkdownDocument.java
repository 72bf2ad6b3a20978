package io.modelassay.matrix.result;

import io.modelassay.failure.Counted;
import io.modelassay.failure.Printable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The document {@code matrix.md}, short enough for a comment on a pull request. */
final class MarkdownDocument {
    private static final int SHOWN_CAUSES = 20;
    private static final int SHOWN_TESTS = 50;
    private static final int SHOWN_CHANGES = 10;

    /** A comment on GitHub may have 65536. */
    private static final int MOST_CHARACTERS = 65_000;

    private static final Pattern LINE_START = Pattern.compile("(?m)^(?=.)");
    private static final String CUT =
            "_This is cut to the length of a comment. The report has all of it: index.html, " + "matrix.json_\n";
    private static final double MEBI = 1 << 20;

    private MarkdownDocument() {}

    static String of(MatrixResult matrix) {
        List<String> blocks = new ArrayList<>();
        blocks.add("## " + (matrix.exitCode() == 0 ? "✅" : "❌") + " Library matrix: "
                + escaped(Summary.headline(matrix)) + "\n\n");
        causes(blocks, matrix);
        table(blocks, matrix);
        changes(blocks, matrix);
        return joined(blocks);
    }

    /** As many of the blocks as a comment holds, none of them in part. */
    private static String joined(List<String> blocks) {
        int length = blocks.stream().mapToInt(String::length).sum();
        if (length <= MOST_CHARACTERS) {
            return String.join("", blocks);
        }
        StringBuilder text = new StringBuilder();
        for (String block : blocks) {
            if (text.length() + block.length() + CUT.length() < MOST_CHARACTERS) {
                text.append(block);
            }
        }
        return text.append('\n').append(CUT).toString();
    }

    /** What is worse, each cause once with the stacks it holds in. */
    private static void causes(List<String> blocks, MatrixResult matrix) {
        List<Cause> causes = Cause.worse(matrix);
        for (Cause cause : causes.subList(0, Math.min(SHOWN_CAUSES, causes.size()))) {
            List<String> tests = cause.tests(matrix);
            List<String> more = tests.isEmpty() ? cause.variants(matrix) : tests;
            String folded = more.isEmpty()
                    ? ""
                    : details(tests.isEmpty() ? "each" : Counted.of(tests.size(), "test"), more, SHOWN_TESTS);
            blocks.add(item(matrix, cause) + LINE_START.matcher(folded).replaceAll("  "));
        }
        if (causes.size() > SHOWN_CAUSES) {
            blocks.add("- and " + (causes.size() - SHOWN_CAUSES) + " more\n");
        }
        if (!causes.isEmpty()) {
            blocks.add("\n");
        }
    }

    private static String item(MatrixResult matrix, Cause cause) {
        return "- **" + escaped(cause.where(matrix)) + "**: " + escaped(Summary.oneLine(cause.line())) + "\n";
    }

    private static String details(String summary, List<String> items, int most) {
        StringBuilder text = new StringBuilder("<details><summary>" + escaped(summary) + "</summary>\n\n");
        items.stream()
                .limit(most)
                .forEach(item -> text.append("- ").append(escaped(item)).append('\n'));
        if (items.size() > most) {
            text.append("- and ").append(items.size() - most).append(" more\n");
        }
        return text.append("\n</details>\n").toString();
    }

    private static void table(List<String> blocks, MatrixResult matrix) {
        boolean suites = matrix.suites().size() > 1;
        blocks.add((suites ? "| Suite " : "") + "| Stack | Verdict | Passed | Failed | Other | Seconds | Peak MiB |\n"
                + (suites ? "| --- " : "") + "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
        for (CellComparison cell : matrix.cells()) {
            blocks.add((suites ? "| " + escaped(cell.suite()) + " " : "") + "| " + escaped(cell.stack()) + " | "
                    + Summary.mark(cell.verdict()) + " " + verdict(matrix, cell) + " | "
                    + figures(cell.result(), CellCost.of(matrix, cell)) + " |\n");
        }
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
    private static void changes(List<String> blocks, MatrixResult matrix) {
        List<Cause> changes = Cause.notWorse(matrix);
        if (!changes.isEmpty()) {
            List<String> lines = changes.stream()
                    .map(change -> change.where(matrix) + ": " + Summary.oneLine(change.line()))
                    .toList();
            blocks.add("\n" + details(Counted.of(changes.size(), "other difference"), lines, SHOWN_CHANGES));
        }
    }

    /** As text, whatever it holds: markup, mentions and references of other people's names and messages do nothing. */
    private static String escaped(String text) {
        String shown = Printable.line(Summary.shortened(text).replaceAll("\\p{Cntrl}", " "));
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
                default -> escaped.append(c);
            }
        }
        return escaped.toString();
    }
}
