package io.modelassay.matrix.result;

import io.modelassay.matrix.result.TestResult.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Tests by stacks, for the page's template: those that differ or do not pass everywhere first. */
final class HeatMap {
    private static final Pattern PACKAGE = Pattern.compile("^(?:[a-z]\\w*+\\.)++(?=[A-Z])");

    private final MatrixResult matrix;
    private final String suite;
    private final int number;
    private final List<TestRow> rows;
    private final Map<String, Long> namesakes;
    private final List<Map<String, Object>> messages = new ArrayList<>();

    private HeatMap(MatrixResult matrix, String suite, int number) {
        this.matrix = matrix;
        this.suite = suite;
        this.number = number;
        this.rows = TestRow.of(matrix).stream()
                .filter(row -> row.suite().equals(suite))
                .toList();
        this.namesakes = rows.stream()
                .map(TestRow::name)
                .distinct()
                .collect(Collectors.groupingBy(HeatMap::withoutPackage, Collectors.counting()));
    }

    static List<Map<String, Object>> of(MatrixResult matrix) {
        List<Map<String, Object>> maps = new ArrayList<>();
        for (String suite : matrix.suites()) {
            maps.add(new HeatMap(matrix, suite, maps.size()).map());
        }
        return maps;
    }

    private Map<String, Object> map() {
        List<Map<String, Object>> notable = new ArrayList<>();
        List<Map<String, Object>> plain = new ArrayList<>();
        for (TestRow row : rows) {
            (passesEverywhere(row) ? plain : notable).add(row(row));
        }
        return Map.of(
                "suite",
                suite,
                "title",
                matrix.suites().size() == 1 ? "" : suite,
                "stacks",
                matrix.stacks().stream().map(this::head).toList(),
                "rows",
                notable,
                "plain",
                plain,
                "plainTitle",
                Sentences.count(plain.size(), "test") + (plain.size() == 1 ? " passes" : " pass") + " with every stack",
                "messages",
                messages,
                "messagesTitle",
                "What " + Sentences.count(messages.size(), "test") + " said");
    }

    private Map<String, Object> head(String stack) {
        CellComparison cell = matrix.cell(suite, stack);
        return Map.of(
                "name", stack,
                "kind", MatrixPage.kind(cell.verdict()),
                "mark", Summary.mark(cell.verdict()),
                "state", Summary.state(matrix, cell));
    }

    /** The name without its package, unless another test has the same then. */
    private String shown(String name) {
        String shown = withoutPackage(name);
        return namesakes.getOrDefault(shown, 0L) > 1 ? name : shown;
    }

    private static String withoutPackage(String name) {
        return PACKAGE.matcher(name).replaceFirst("");
    }

    private boolean passesEverywhere(TestRow row) {
        return matrix.stacks().stream()
                .allMatch(stack -> Optional.ofNullable(row.results().get(stack))
                        .filter(test -> test.outcome() == Outcome.PASSED)
                        .isPresent());
    }

    private Map<String, Object> row(TestRow row) {
        String anchor = said(row);
        return Map.of(
                "name",
                row.name(),
                "shown",
                shown(row.name()),
                "cells",
                matrix.stacks().stream()
                        .map(stack -> cell(stack, row.results().get(stack), anchor))
                        .toList());
    }

    private Map<String, Object> cell(String stack, @Nullable TestResult test, String anchor) {
        String word = test == null ? "absent" : Sentences.word(test.outcome());
        boolean changed = test != null
                && matrix.cell(suite, stack).tests().stream()
                        .anyMatch(change -> change.id().equals(test.id()) && change.worse());
        return Map.of(
                "stack",
                stack,
                "kind",
                kind(test),
                "mark",
                mark(test),
                "word",
                word,
                "isNew",
                changed,
                "anchor",
                test == null || test.message().isEmpty() ? "" : anchor);
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

    /** Notes what the test said, equal messages once; the anchor of that, empty if it said nothing. */
    private String said(TestRow row) {
        Map<String, List<String>> stacksByMessage = new LinkedHashMap<>();
        row.results().forEach((stack, test) -> {
            if (!test.message().isEmpty()) {
                stacksByMessage
                        .computeIfAbsent(test.message(), unused -> new ArrayList<>())
                        .add(stack);
            }
        });
        if (stacksByMessage.isEmpty()) {
            return "";
        }
        String anchor = "said-" + number + "-" + messages.size();
        messages.add(Map.of(
                "anchor", anchor,
                "name", row.name(),
                "said",
                        stacksByMessage.entrySet().stream()
                                .map(entry -> Map.of(
                                        "stacks",
                                        String.join(", ", entry.getValue()),
                                        "message",
                                        FoldedMessage.of(entry.getKey())))
                                .toList()));
        return anchor;
    }
}
