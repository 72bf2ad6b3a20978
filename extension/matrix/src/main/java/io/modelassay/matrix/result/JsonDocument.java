package io.modelassay.matrix.result;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The document {@code matrix.json}; docs/reference.md describes the members. What differs between equal runs stands in
 * members called {@code measured} alone.
 */
final class JsonDocument {
    static final String SCHEMA = "modelassay-matrix-report/1";

    private JsonDocument() {}

    static Map<String, Object> of(MatrixResult matrix) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("schema", SCHEMA);
        document.put("baseline", matrix.baseline());
        document.put("stacks", matrix.stacks());
        document.put("suites", matrix.suites());
        document.put("verdict", matrix.verdict());
        document.put("exit_code", matrix.exitCode());
        document.put("headline", Summary.headline(matrix));
        document.put(
                "causes", Cause.worse(matrix).stream().map(JsonDocument::cause).toList());
        document.put(
                "cells", matrix.cells().stream().map(cell -> cell(matrix, cell)).toList());
        document.put("tests", TestRow.of(matrix).stream().map(JsonDocument::row).toList());
        return document;
    }

    private static Map<String, Object> cause(Cause cause) {
        return Map.of(
                "subject", cause.subject(),
                "line", cause.line(),
                "differences",
                        cause.differences().stream()
                                .map(JsonDocument::difference)
                                .toList());
    }

    private static Map<String, @Nullable Object> difference(Difference difference) {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        members.put("suite", difference.cell().suite());
        members.put("stack", difference.cell().stack());
        members.put("test", difference.test() == null ? null : difference.test().id());
        return members;
    }

    private static Map<String, @Nullable Object> cell(MatrixResult matrix, CellComparison cell) {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        members.put("suite", cell.suite());
        members.put("stack", cell.stack());
        members.put("verdict", cell.verdict());
        members.put(
                "reasons",
                Difference.of(cell)
                        .filter(Difference::worse)
                        .map(Difference::sentence)
                        .toList());
        members.put("test_changes", cell.tests());
        members.put("figure_changes", cell.figures());
        members.put("tensor_changes", cell.tensors());
        CellResult result = cell.result();
        members.put("cell", result == null ? null : result.cell());
        members.put("outcome", result == null ? null : result.outcome());
        members.put("detail", result == null ? null : result.detail());
        members.put("running", result == null ? null : result.running());
        members.put("notes", result == null ? List.of() : result.notes());
        members.put("java", result == null ? null : result.java());
        members.put("libraries", result == null ? Map.of() : result.libraries());
        members.put("test_counts", result == null ? Map.of() : counts(result));
        members.put("measured", result == null ? null : measured(matrix, cell, result));
        return members;
    }

    private static Map<String, Integer> counts(CellResult result) {
        Map<String, Integer> counts = new TreeMap<>();
        for (TestResult.Outcome outcome : TestResult.Outcome.values()) {
            counts.put(outcome.name().toLowerCase(Locale.ROOT), 0);
        }
        result.tests().forEach(test -> counts.merge(test.outcome().name().toLowerCase(Locale.ROOT), 1, Integer::sum));
        return counts;
    }

    private static Map<String, @Nullable Object> measured(MatrixResult matrix, CellComparison cell, CellResult result) {
        CellCost cost = CellCost.of(matrix, cell);
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        members.put("started", result.measured().started());
        members.put("seconds", result.measured().seconds());
        members.put("seconds_ratio", cost.secondsRatio());
        members.put("peak_resident_bytes", result.measured().peakResidentBytes());
        members.put("peak_resident_ratio", cost.memoryRatio());
        members.put("exit_code", result.measured().exitCode());
        return members;
    }

    private static Map<String, Object> row(TestRow row) {
        Map<String, @Nullable Object> outcomes = new LinkedHashMap<>();
        row.results().forEach((stack, result) -> outcomes.put(stack, result.outcome()));
        return Map.of("suite", row.suite(), "id", row.id(), "name", row.name(), "outcomes", outcomes);
    }
}
