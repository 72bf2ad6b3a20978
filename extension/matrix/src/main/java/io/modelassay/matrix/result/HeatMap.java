package io.modelassay.matrix.result;

import io.modelassay.failure.Counted;
import io.modelassay.matrix.result.TestResult.Outcome;
import io.modelassay.report.HtmlTable;
import io.modelassay.report.HtmlTable.Column;
import io.modelassay.report.HtmlWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Tests by stacks, for the page: those that differ or do not pass everywhere first. */
final class HeatMap {
    private static final Pattern PACKAGE = Pattern.compile("^(?:[a-z]\\w*+\\.)++(?=[A-Z])");

    /**
     * A row of the map.
     *
     * @param anchor where the page tells what the test said; empty if it said nothing
     */
    private record Row(TestRow test, String anchor) {}

    private final MatrixResult matrix;
    private final String suite;
    private final List<Row> rows = new ArrayList<>();
    private final Map<String, Long> namesakes;

    /** The map of {@code suite}, the matrix's suite of this number. */
    HeatMap(MatrixResult matrix, String suite, int number) {
        this.matrix = matrix;
        this.suite = suite;
        int messages = 0;
        for (TestRow test : TestRow.of(matrix)) {
            if (test.suite().equals(suite)) {
                boolean silent = test.results().values().stream()
                        .allMatch(result -> result.message().isEmpty());
                rows.add(new Row(test, silent ? "" : "said-" + number + "-" + messages++));
            }
        }
        this.namesakes = rows.stream()
                .map(row -> row.test().name())
                .distinct()
                .collect(Collectors.groupingBy(HeatMap::withoutPackage, Collectors.counting()));
    }

    void write(HtmlWriter html) {
        if (matrix.suites().size() > 1 && !suite.isEmpty()) {
            html.element("h3", suite);
        }
        Map<Boolean, List<Row>> plain = rows.stream().collect(Collectors.partitioningBy(this::passesEverywhere));
        List<Row> passing = plain.getOrDefault(true, List.of());
        List<Row> notable = plain.getOrDefault(false, List.of());
        if (!notable.isEmpty()) {
            table(html, notable);
        }
        if (!passing.isEmpty()) {
            html.open("details");
            if (notable.isEmpty()) {
                html.attribute("open", "");
            }
            html.element(
                    "summary",
                    Counted.of(passing.size(), "test") + (passing.size() == 1 ? " passes" : " pass")
                            + " with every stack");
            table(html, passing);
            html.close();
        }
        messages(html);
        if (rows.isEmpty()) {
            html.element("p", "No test has a result.");
        }
    }

    private void table(HtmlWriter html, List<Row> shown) {
        HtmlTable<Row> table = HtmlTable.<Row>styled("heat")
                .cell(
                        "Test",
                        (cell, row) -> cell.attribute("title", row.test().name())
                                .text(shown(row.test().name())));
        for (String stack : matrix.stacks()) {
            table.cell(Column.headed(head -> head(head, stack)), (cell, row) -> cell(cell, stack, row));
        }
        html.open("div", "wide").inside(() -> table.write(html, shown));
    }

    private void head(HtmlWriter html, String stack) {
        CellComparison cell = matrix.cell(suite, stack);
        html.attribute("title", Summary.state(matrix, cell))
                .badge(MatrixPage.kind(cell.verdict()), Summary.mark(cell.verdict()))
                .text(" " + stack);
    }

    /** The name without its package, unless another test has the same then. */
    private String shown(String name) {
        String shown = withoutPackage(name);
        return namesakes.getOrDefault(shown, 0L) > 1 ? name : shown;
    }

    private static String withoutPackage(String name) {
        return PACKAGE.matcher(name).replaceFirst("");
    }

    private boolean passesEverywhere(Row row) {
        return matrix.stacks().stream()
                .allMatch(stack -> Optional.ofNullable(row.test().results().get(stack))
                        .filter(test -> test.outcome() == Outcome.PASSED)
                        .isPresent());
    }

    /** The outcome with one stack; where the test said something, it leads there. */
    private void cell(HtmlWriter html, String stack, Row row) {
        TestResult test = row.test().results().get(stack);
        String word = test == null ? "absent" : Sentences.word(test.outcome());
        String style = "cell " + kind(test) + (test != null && isWorse(stack, test) ? " new" : "");
        String title = stack + ": " + word;
        if (test == null || test.message().isEmpty()) {
            html.open("span", style).attribute("title", title);
        } else {
            html.open("a", style)
                    .attribute("href", "#" + row.anchor())
                    .attribute("title", title + ", see what it said");
        }
        html.text(mark(test)).element("span", "hidden", " " + word).close();
    }

    private boolean isWorse(String stack, TestResult test) {
        return matrix.cell(suite, stack).tests().stream()
                .anyMatch(change -> change.id().equals(test.id()) && change.worse());
    }

    private static String kind(@Nullable TestResult test) {
        if (test == null) {
            return "absent";
        }
        return switch (test.outcome()) {
            case PASSED -> "good";
            case FAILED -> "bad";
            case UNFINISHED, NOT_RUN -> "lost";
            case ABORTED, SKIPPED -> "quiet";
        };
    }

    private static String mark(@Nullable TestResult test) {
        if (test == null) {
            return "";
        }
        return switch (test.outcome()) {
            case PASSED -> "✓";
            case FAILED -> "✗";
            case UNFINISHED -> "!";
            case NOT_RUN -> "…";
            case ABORTED, SKIPPED -> "–";
        };
    }

    private void messages(HtmlWriter html) {
        List<Row> speaking =
                rows.stream().filter(row -> !row.anchor().isEmpty()).toList();
        if (speaking.isEmpty()) {
            return;
        }
        html.open("details", "said")
                .element("summary", "What " + Counted.of(speaking.size(), "test") + " said")
                .inside(() -> speaking.forEach(row -> messages(html, row)));
    }

    /** What one test said, equal messages once. */
    private static void messages(HtmlWriter html, Row row) {
        Map<String, List<String>> stacksByMessage = new LinkedHashMap<>();
        row.test().results().forEach((stack, test) -> {
            if (!test.message().isEmpty()) {
                stacksByMessage
                        .computeIfAbsent(test.message(), unused -> new ArrayList<>())
                        .add(stack);
            }
        });
        html.open("details")
                .attribute("id", row.anchor())
                .element("summary", row.test().name());
        stacksByMessage.forEach((message, stacks) -> {
            html.element("p", "note", String.join(", ", stacks));
            FoldedMessage.write(html, message);
        });
        html.close();
    }
}
