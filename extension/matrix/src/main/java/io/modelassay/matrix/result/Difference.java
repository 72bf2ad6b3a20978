package io.modelassay.matrix.result;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One difference of a cell from the baseline.
 *
 * @param cell where
 * @param subject of what
 * @param key equal for differences of one cause
 * @param worse whether it is a regression
 * @param sentence it in words
 * @param test the test; {@code null} where it is none
 */
record Difference(
        CellComparison cell,
        Subject subject,
        List<Object> key,
        boolean worse,
        String sentence,
        @Nullable TestChange test) {
    /** Of what, the worst first. */
    enum Subject {
        CELL,
        TEST,
        TENSOR,
        FIGURE
    }

    /** All of a cell. Tests that a lost cell did not reach are no differences of their own. */
    static Stream<Difference> of(CellComparison cell) {
        boolean lost = cell.verdict() == Verdict.LOST;
        Map<String, TestResult> results = new HashMap<>();
        if (cell.result() != null) {
            cell.result().tests().forEach(test -> results.put(test.id(), test));
        }
        Stream<Difference> cells = lost ? Stream.of(lost(cell)) : Stream.empty();
        Stream<Difference> tests = cell.tests().stream()
                .filter(change -> !(lost && change.worse() && change.kind() == TestChange.Kind.NOT_REACHED))
                .map(change -> test(cell, change, results.get(change.id())));
        Stream<Difference> tensors = cell.tensors().stream()
                .map(change -> plain(cell, Subject.TENSOR, change.worse(), Sentences.tensor(change)));
        Stream<Difference> figures = cell.figures().stream()
                .map(change -> plain(cell, Subject.FIGURE, change.worse(), Sentences.figure(change)));
        return Stream.of(cells, tests, tensors, figures).flatMap(each -> each);
    }

    private static Difference lost(CellComparison cell) {
        CellResult result = cell.result();
        List<Object> key = result == null
                ? List.of()
                : List.of(
                        result.outcome(),
                        result.running() == null ? "" : result.running(),
                        FailureKind.withoutFigures(result.detail()));
        return new Difference(cell, Subject.CELL, key, true, Sentences.lost(result), null);
    }

    private static Difference test(CellComparison cell, TestChange change, @Nullable TestResult here) {
        List<Object> key = List.of(
                change.kind(),
                Sentences.word(change.before()),
                Sentences.word(change.after()),
                here == null ? "" : FailureKind.of(here).withoutQuotes());
        return new Difference(cell, Subject.TEST, key, change.worse(), Sentences.test(change), change);
    }

    private static Difference plain(CellComparison cell, Subject subject, boolean worse, String sentence) {
        return new Difference(cell, subject, List.of(sentence), worse, sentence, null);
    }
}
