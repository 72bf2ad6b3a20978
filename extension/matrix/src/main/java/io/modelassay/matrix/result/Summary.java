package io.modelassay.matrix.result;

import io.modelassay.failure.Counted;
import io.modelassay.failure.Printable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A matrix in a few plain lines. */
final class Summary {
    private static final int SHOWN_CAUSES = 10;
    private static final int SHOWN_TESTS = 3;
    private static final int LONGEST_LINE = 400;

    private Summary() {}

    static List<String> of(MatrixResult matrix) {
        List<String> lines = new ArrayList<>();
        lines.add("ModelAssay matrix: " + headline(matrix));
        for (CellComparison cell : matrix.cells()) {
            lines.add("  " + mark(cell.verdict()) + " " + name(matrix, cell) + ": " + state(matrix, cell));
        }
        causes(lines, matrix);
        return lines.stream().map(Printable::line).toList();
    }

    private static void causes(List<String> lines, MatrixResult matrix) {
        List<Cause> causes = Cause.worse(matrix);
        if (causes.isEmpty()) {
            return;
        }
        lines.add("What is worse:");
        for (Cause cause : causes.subList(0, Math.min(SHOWN_CAUSES, causes.size()))) {
            lines.add("  ✗ " + cause.where(matrix) + ": " + shortened(oneLine(cause.line())));
            List<String> tests = cause.tests(matrix);
            if (!tests.isEmpty()) {
                lines.add("      " + tests.stream().limit(SHOWN_TESTS).collect(Collectors.joining(", "))
                        + (tests.size() > SHOWN_TESTS ? " and " + (tests.size() - SHOWN_TESTS) + " more" : ""));
            }
        }
        int left = causes.size() - SHOWN_CAUSES;
        if (left > 0) {
            lines.add("  and " + left + " more, which the report lists");
        }
    }

    /** Such as {@code 2 of 3 stacks regressed against djl 0.34.0}. */
    static String headline(MatrixResult matrix) {
        long regressed = stacks(matrix, Verdict.REGRESSED);
        long lost = stacks(matrix, Verdict.LOST);
        List<String> parts = new ArrayList<>();
        if (regressed > 0) {
            parts.add(Counted.of(regressed, "stack") + " regressed against " + matrix.baseline());
        }
        if (lost > 0) {
            parts.add(Counted.of(lost, "stack") + " did not complete");
        }
        if (!parts.isEmpty()) {
            return String.join(", ", parts);
        }
        return matrix.verdict() == Verdict.SAME
                ? "nothing differs from " + matrix.baseline()
                : "nothing is worse than with " + matrix.baseline();
    }

    private static long stacks(MatrixResult matrix, Verdict verdict) {
        return matrix.cells().stream()
                .filter(cell -> cell.verdict() == verdict)
                .map(CellComparison::stack)
                .distinct()
                .count();
    }

    /** The stack, with the suite where there are several. */
    static String name(MatrixResult matrix, CellComparison cell) {
        return matrix.suites().size() == 1 ? cell.stack() : cell.suite() + " with " + cell.stack();
    }

    /** The verdict in words, with counts. */
    static String state(MatrixResult matrix, CellComparison cell) {
        CellResult result = cell.result();
        if (result == null) {
            return "no result";
        }
        String how = result.outcome() != CellOutcome.COMPLETED
                ? result.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' ')
                : matrix.isBaseline(cell)
                        ? "baseline"
                        : switch (cell.verdict()) {
                            case SAME -> "same";
                            case CHANGED -> "changed, not worse";
                            case REGRESSED -> "regressed";
                            case LOST -> "nothing to compare with";
                        };
        return how + ", " + tests(result);
    }

    static String tests(CellResult result) {
        String others = Arrays.stream(TestResult.Outcome.values())
                .filter(outcome -> outcome != TestResult.Outcome.PASSED)
                .map(outcome -> List.of(
                        result.tests().stream()
                                .filter(test -> test.outcome() == outcome)
                                .count(),
                        Sentences.word(outcome)))
                .filter(count -> !count.get(0).equals(0L))
                .map(count -> count.get(0) + " " + count.get(1))
                .collect(Collectors.joining(", "));
        return Counted.of(result.tests().size(), "test") + (others.isEmpty() ? "" : " (" + others + ")");
    }

    static String mark(Verdict verdict) {
        return switch (verdict) {
            case SAME -> "✓";
            case CHANGED -> "~";
            case REGRESSED -> "✗";
            case LOST -> "!";
        };
    }

    static String shortened(String line) {
        return line.length() <= LONGEST_LINE ? line : line.substring(0, LONGEST_LINE) + " …";
    }

    static String oneLine(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining(" "));
    }
}
