package io.modelassay.matrix.result;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One test of a suite with every stack that has it.
 *
 * @param suite the suite's name
 * @param id the test's id
 * @param name class, method and what tells variants apart
 * @param results by stack, in the order of the stacks
 */
record TestRow(String suite, String id, String name, Map<String, TestResult> results) {
    /** Suite by suite, sorted by id. */
    static List<TestRow> of(MatrixResult matrix) {
        List<TestRow> rows = new ArrayList<>();
        for (String suite : matrix.suites()) {
            Map<String, TestRow> byId = new TreeMap<>();
            for (String stack : matrix.stacks()) {
                CellResult result = matrix.cell(suite, stack).result();
                if (result != null) {
                    result.tests()
                            .forEach(test -> byId.computeIfAbsent(
                                            test.id(), id -> new TestRow(suite, id, test.name(), new LinkedHashMap<>()))
                                    .results()
                                    .put(stack, test));
                }
            }
            rows.addAll(byId.values());
        }
        return rows;
    }
}
