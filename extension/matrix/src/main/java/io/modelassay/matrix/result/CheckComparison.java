package io.modelassay.matrix.result;

import io.modelassay.evaluation.Limit.Direction;
import io.modelassay.evaluation.Measure;
import io.modelassay.matrix.result.FigureChange.Kind;
import io.modelassay.matrix.result.FigureComparison.Subject;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.HeldTo;
import io.modelassay.report.Results.MeasuredOn;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Figures that were held against limits, of one cell against the baseline's. What a figure is, its limit and where it comes
 * from are members of the record; results of earlier versions lack them, and their figures have no direction.
 */
final class CheckComparison {
    private static final Set<Measure> ALSO_COMPARED =
            EnumSet.of(Measure.PERPLEXITY_DRIFT, Measure.KL_DIVERGENCE, Measure.TOP_TOKEN_AGREEMENT);

    private final List<Compared> compared;
    private final CalibratedModels calibrated;

    private CheckComparison(CellResult baseline, CellResult here) {
        this.compared = baseline.comparisons();
        this.calibrated = CalibratedModels.of(baseline, here);
    }

    static List<FigureChange> of(CellResult baseline, CellResult here) {
        CheckComparison comparison = new CheckComparison(baseline, here);
        List<FigureChange> changes = new ArrayList<>();
        for (Pairing<Check> pair : Pairing.of(
                baseline.checks(),
                here.checks(),
                check -> check.model() + "\n" + check.check(),
                (a, b) -> Settings.of(a).equals(Settings.of(b)) && a.limit().equals(b.limit()),
                CheckComparison::limitsOneSide)) {
            Subject subject = new Subject(pair.any().model(), "");
            Check before = pair.before();
            Check after = pair.after();
            if (before == null || after == null) {
                Kind kind = before == null ? Kind.ONLY_HERE : Kind.ONLY_BEFORE;
                changes.add(subject.change(pair.any().check(), pair.any().unit(), kind, null, null, null, ""));
            } else {
                comparison.change(subject, before, after).ifPresent(changes::add);
            }
        }
        return changes;
    }

    private Optional<FigureChange> change(Subject subject, Check before, Check after) {
        if (before.holds() != after.holds()) {
            return Optional.of(subject.change(
                    after.check(),
                    after.unit(),
                    after.holds() ? Kind.BETTER : Kind.WORSE,
                    before.value(),
                    after.value(),
                    null,
                    (after.holds() ? "holds" : "does not hold") + " here, limit " + after.limit()));
        }
        if (isComparedAnyway(before)) {
            return Optional.empty();
        }
        String difference = Settings.of(after).against(Settings.of(before));
        if (!difference.isEmpty()) {
            return Optional.of(
                    subject.change(after.check(), after.unit(), Kind.NOT_COMPARABLE, null, null, null, difference));
        }
        return FigureComparison.change(
                subject,
                after.check(),
                after.unit(),
                before.value(),
                after.value(),
                noise(before, after),
                direction(before));
    }

    /** Whether the figure stands among the comparisons too, where it is told. */
    private boolean isComparedAnyway(Check check) {
        return check.measure() != null
                && ALSO_COMPARED.contains(check.measure())
                && compared.stream().anyMatch(check::isOf);
    }

    private ToDoubleFunction<Double> noise(Check before, Check after) {
        int tokens = tokens(before);
        Noise noise =
                calibrated.noise(Settings.of(before).dtype(), before.model()).over(tokens);
        Double error = before.standardError();
        ToDoubleFunction<Double> other = other(noise, after.value());
        Measure measure = before.measure();
        if (measure == null) {
            return other;
        }
        return switch (measure) {
            case COUNT -> count -> 0;
            case PERPLEXITY_DRIFT -> drift -> noise.driftPercent(error);
            case KL_DIVERGENCE, ADAPTER_EFFECT, MERGE_LOSS -> kl -> noise.meanKl(kl, error);
            case TOP_TOKEN_AGREEMENT ->
                share -> 100 * noise.topTokenAgreement(tokens, error == null ? null : error / 100);
            case LOSS, LOGIT_DIFFERENCE -> other;
        };
    }

    private static ToDoubleFunction<Double> other(Noise noise, @Nullable Double after) {
        return before -> after == null ? 0 : noise.other(before, after);
    }

    private static int tokens(Check check) {
        MeasuredOn on = check.measuredOn();
        return on == null || on.tokens() == null ? Integer.MAX_VALUE : on.tokens();
    }

    /** One check may hold a figure from above, another from below. Records of earlier versions do not say. */
    private static boolean limitsOneSide(Check before, Check after) {
        return before.measure() == null || after.measure() == null || direction(before) == direction(after);
    }

    /** 1 if more is worse, -1 if less is, 0 if nothing says. */
    private static int direction(Check check) {
        HeldTo limit = check.heldTo();
        if (limit == null) {
            return 0;
        }
        Direction direction = limit.direction();
        return direction.limitsFromAbove() ? 1 : -1;
    }
}
