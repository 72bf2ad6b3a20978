package io.modelassay.matrix.result;

import io.modelassay.matrix.result.FigureChange.Kind;
import io.modelassay.matrix.result.FigureComparison.Subject;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Figures that were held against limits, of one cell against the baseline's. */
final class CheckComparison {
    private static final String DRIFT = "perplexity drift";
    private static final String KL = "mean KL divergence";
    private static final String TOP_TOKEN = "top token agreement";
    private static final Pattern TOKENS = Pattern.compile("(?<![0-9])([0-9]{1,9}) tokens");

    private CheckComparison() {}

    static List<FigureChange> of(CellResult baseline, CellResult here) {
        CalibratedModels calibrated = CalibratedModels.of(baseline, here);
        Set<String> compared =
                baseline.comparisons().stream().map(Compared::model).collect(Collectors.toSet());
        List<FigureChange> changes = new ArrayList<>();
        for (Pairing<Check> pair : Pairing.of(
                baseline.checks(),
                here.checks(),
                check -> check.model() + "\n" + check.check() + "\n" + direction(check),
                (a, b) -> Settings.of(a).equals(Settings.of(b)) && a.limit().equals(b.limit()))) {
            Subject subject = new Subject(pair.any().model(), "");
            Check before = pair.before();
            Check after = pair.after();
            if (before == null || after == null) {
                Kind kind = before == null ? Kind.ONLY_HERE : Kind.ONLY_BEFORE;
                changes.add(subject.change(pair.any().check(), pair.any().unit(), kind, null, null, null, ""));
            } else {
                change(subject, before, after, compared.contains(before.model()), calibrated)
                        .ifPresent(changes::add);
            }
        }
        return changes;
    }

    private static Optional<FigureChange> change(
            Subject subject, Check before, Check after, boolean isCompared, CalibratedModels calibrated) {
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
        if (isCompared && Set.of(DRIFT, KL, TOP_TOKEN).contains(before.check())) {
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
                noise(before, after, calibrated),
                direction(before));
    }

    private static ToDoubleFunction<Double> noise(Check before, Check after, CalibratedModels calibrated) {
        Noise noise =
                calibrated.noise(Settings.of(before).dtype(), before.model()).over(tokens(before));
        Double error = before.standardError();
        Double value = after.value();
        return switch (before.check()) {
            case DRIFT -> drift -> noise.driftPercent(error);
            case KL -> kl -> noise.meanKl(kl, error);
            case TOP_TOKEN ->
                share -> 100 * noise.topTokenAgreement(tokens(before), error == null ? null : error / 100);
            default ->
                before.unit().equals("nats")
                        ? kl -> noise.meanKl(kl, error)
                        : figure -> value == null ? 0 : noise.other(figure, value);
        };
    }

    private static int tokens(Check check) {
        Matcher tokens = TOKENS.matcher(check.provenance());
        return tokens.find() ? Integer.parseInt(tokens.group(1)) : Integer.MAX_VALUE;
    }

    /** As the limit says: 1 if more is worse, -1 if less is, 0 if it does not say. */
    private static int direction(Check check) {
        String limit = check.limit();
        if (limit.startsWith("at most") || limit.startsWith("below")) {
            return 1;
        }
        return limit.startsWith("at least") || limit.startsWith("above") ? -1 : 0;
    }
}
