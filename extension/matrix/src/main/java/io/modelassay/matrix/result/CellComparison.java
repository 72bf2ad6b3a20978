package io.modelassay.matrix.result;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A cell against the baseline's cell of the same suite.
 *
 * @param suite the suite's name
 * @param stack the stack's name
 * @param result what the cell gave; {@code null} where there is no result
 * @param verdict what it comes to
 * @param tests tests that ended otherwise, by id
 * @param figures figures that moved beyond their noise, or cannot be compared
 * @param tensors models of which a tensor is not the same
 */
@API(status = API.Status.EXPERIMENTAL)
public record CellComparison(
        String suite,
        String stack,
        @Nullable CellResult result,
        Verdict verdict,
        List<TestChange> tests,
        List<FigureChange> figures,
        List<TensorChange> tensors) {
    private static final Set<FigureChange.Kind> ABSENT =
            EnumSet.of(FigureChange.Kind.ONLY_HERE, FigureChange.Kind.ONLY_BEFORE);

    /** The baseline's own cell, which is compared with nothing. */
    static CellComparison ofBaseline(String suite, String stack, @Nullable CellResult result) {
        return new CellComparison(
                suite,
                stack,
                result,
                isComplete(result) ? Verdict.SAME : Verdict.LOST,
                List.of(),
                List.of(),
                List.of());
    }

    static CellComparison of(String suite, String stack, @Nullable CellResult baseline, @Nullable CellResult result) {
        if (baseline == null || result == null) {
            return new CellComparison(suite, stack, result, Verdict.LOST, List.of(), List.of(), List.of());
        }
        boolean complete = isComplete(result);
        boolean bothComplete = complete && isComplete(baseline);
        List<TestChange> tests = TestComparison.of(baseline.tests(), result.tests()).stream()
                .filter(change -> complete || change.after() != null)
                .filter(change -> bothComplete || change.kind() != TestChange.Kind.ONLY_HERE)
                .toList();
        List<FigureChange> figures = FigureComparison.of(baseline, result).stream()
                .filter(change -> bothComplete || !ABSENT.contains(change.kind()))
                .toList();
        List<TensorChange> tensors = TensorComparison.of(baseline, result).stream()
                .map(TensorComparison::change)
                .flatMap(Optional::stream)
                .toList();
        Verdict verdict = !complete
                ? Verdict.LOST
                : tests.stream().anyMatch(TestChange::worse)
                                || figures.stream().anyMatch(FigureChange::worse)
                                || tensors.stream().anyMatch(TensorChange::worse)
                        ? Verdict.REGRESSED
                        : tests.isEmpty() && figures.isEmpty() && tensors.isEmpty() ? Verdict.SAME : Verdict.CHANGED;
        return new CellComparison(suite, stack, result, verdict, tests, figures, tensors);
    }

    private static boolean isComplete(@Nullable CellResult result) {
        return result != null && result.outcome() == CellOutcome.COMPLETED;
    }
}
