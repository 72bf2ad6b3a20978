package io.modelassay.matrix.result;

import io.modelassay.report.Results.Compared;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What charts are drawn of.
 *
 * @param matrix the cells
 * @param all every model that was compared with its reference, in the order of the suites, models and texts
 */
record ChartSubjects(MatrixResult matrix, List<Subject> all) {
    /** A model on a text in a suite. */
    record Subject(String suite, String model, String text) {}

    static ChartSubjects of(MatrixResult matrix) {
        Comparator<Subject> order = Comparator.comparing(
                        (Subject subject) -> matrix.suites().indexOf(subject.suite()))
                .thenComparing(Subject::model)
                .thenComparing(Subject::text);
        return new ChartSubjects(
                matrix,
                matrix.cells().stream()
                        .flatMap(cell -> Optional.ofNullable(cell.result()).stream())
                        .flatMap(cell -> cell.comparisons().stream()
                                .map(row -> new Subject(cell.suite(), row.model(), row.text())))
                        .distinct()
                        .sorted(order)
                        .toList());
    }

    /** The model, with the suite and the text where there are several. */
    String label(Subject subject) {
        boolean severalSuites = all.stream().map(Subject::suite).distinct().count() > 1;
        boolean severalTexts = all.stream().map(Subject::text).distinct().count() > 1;
        return (severalSuites ? subject.suite() + ": " : "")
                + subject.model()
                + (severalTexts ? " on " + subject.text() : "");
    }

    Optional<Compared> compared(Subject subject, String stack) {
        return Optional.ofNullable(matrix.cell(subject.suite(), stack).result())
                .flatMap(cell -> cell.comparisons().stream()
                        .filter(row -> row.model().equals(subject.model())
                                && row.text().equals(subject.text()))
                        .findFirst());
    }
}
