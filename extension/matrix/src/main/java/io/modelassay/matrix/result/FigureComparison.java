package io.modelassay.matrix.result;

import io.modelassay.matrix.result.FigureChange.Kind;
import io.modelassay.report.FigureLine.Measured;
import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.Layer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Perplexities, drifts and what belongs to them, of one cell against the baseline's. */
final class FigureComparison {
    private final Set<FigureChange> changes = new LinkedHashSet<>();

    private final CalibratedModels calibrated;

    private FigureComparison(CalibratedModels calibrated) {
        this.calibrated = calibrated;
    }

    static List<FigureChange> of(CellResult baseline, CellResult here) {
        FigureComparison comparison = new FigureComparison(CalibratedModels.of(baseline, here));
        comparison.perplexities(baseline.perplexities(), here.perplexities());
        comparison.comparisons(baseline.comparisons(), here.comparisons());
        List<FigureChange> all = new ArrayList<>(comparison.changes);
        all.addAll(CheckComparison.of(baseline, here));
        return List.copyOf(all);
    }

    private void perplexities(List<Measured> baseline, List<Measured> here) {
        for (Pairing<Measured> pair : Pairing.of(
                baseline,
                here,
                figure -> figure.model() + "\n" + figure.text(),
                (a, b) -> Settings.of(a).equals(Settings.of(b)))) {
            Subject subject = new Subject(pair.any().model(), pair.any().text());
            if (comparable(subject, "perplexity", pair, Settings::of, Measured::tokens)) {
                Noise noise = calibrated
                        .noise(pair.any().dtype(), pair.any().model())
                        .over(pair.any().tokens());
                Double error = pair.any().standardError();
                moved(
                        subject,
                        "perplexity",
                        "",
                        pair,
                        Measured::perplexity,
                        value -> noise.perplexityAlone(value, error),
                        1);
            }
        }
    }

    private void comparisons(List<Compared> baseline, List<Compared> here) {
        for (Pairing<Compared> pair : Pairing.of(
                baseline,
                here,
                figure -> figure.model() + "\n" + figure.text(),
                (a, b) -> Settings.of(a).equals(Settings.of(b)))) {
            Compared any = pair.any();
            Subject subject = new Subject(any.model(), any.text());
            if (comparable(subject, "perplexity drift", pair, Settings::of, Compared::tokens)) {
                Noise noise = calibrated.noise(any.dtype(), any.model()).over(any.tokens());
                Noise rounding = Noise.of(any.dtype()).over(any.tokens());
                Double error = any.driftStandardError();
                Double shareError = any.top1AgreementStandardError();
                moved(
                        subject,
                        "perplexity",
                        "",
                        pair,
                        Compared::perplexity,
                        value -> noise.perplexity(value, error),
                        1);
                moved(
                        subject,
                        "reference perplexity",
                        "",
                        pair,
                        Compared::referencePerplexity,
                        value -> rounding.perplexity(value, null),
                        1);
                moved(
                        subject,
                        "perplexity drift",
                        "%",
                        pair,
                        Compared::driftPercent,
                        drift -> noise.driftPercent(error),
                        1);
                moved(
                        subject,
                        "mean KL divergence",
                        "nats",
                        pair,
                        Compared::meanKl,
                        kl -> noise.meanKl(kl, any.meanKlStandardError()),
                        1);
                moved(
                        subject,
                        "top-1 agreement",
                        "%",
                        pair,
                        figure -> figure.top1Agreement() == null ? null : 100 * figure.top1Agreement(),
                        share -> 100 * noise.topTokenAgreement(any.tokens(), shareError),
                        -1);
                layers(subject, Objects.requireNonNull(pair.before()), Objects.requireNonNull(pair.after()), noise);
            }
        }
    }

    /** The layer that moved furthest beyond its noise stands for all. */
    private void layers(Subject subject, Compared before, Compared after, Noise noise) {
        Map<String, @Nullable Double> errors = new LinkedHashMap<>();
        after.layerErrors().forEach(layer -> errors.put(layer.layer(), layer.error()));
        List<FigureChange> moved = new ArrayList<>();
        for (int i = 0; i < before.layerErrors().size(); i++) {
            Layer layer = before.layerErrors().get(i);
            int depth = i;
            change(
                            subject,
                            "output error of " + layer.layer(),
                            "",
                            layer.error(),
                            errors.get(layer.layer()),
                            error -> noise.layerError(error, depth),
                            1)
                    .ifPresent(moved::add);
        }
        moved.stream()
                .min(Comparator.comparing((FigureChange change) -> !change.worse())
                        .thenComparing(Comparator.comparingDouble(FigureComparison::timesNoise)
                                .reversed()))
                .map(change -> new FigureChange(
                        change.model(),
                        change.text(),
                        change.figure(),
                        change.unit(),
                        change.kind(),
                        change.before(),
                        change.after(),
                        change.noise(),
                        moved.size() == 1
                                ? ""
                                : "the most of " + moved.size() + " layers of "
                                        + before.layerErrors().size()))
                .ifPresent(changes::add);
    }

    private static double timesNoise(FigureChange change) {
        return change.before() == null || change.after() == null || change.noise() == null
                ? Double.POSITIVE_INFINITY
                : Math.abs(change.after() - change.before()) / Math.max(change.noise(), Double.MIN_NORMAL);
    }

    /** Whether both are there and measured alike; what is not so is reported. */
    private <T> boolean comparable(
            Subject subject,
            String figure,
            Pairing<T> pair,
            Function<T, Settings> settings,
            ToDoubleFunction<T> tokens) {
        T before = pair.before();
        T after = pair.after();
        if (before == null || after == null) {
            changes.add(subject.change(
                    figure, "", before == null ? Kind.ONLY_HERE : Kind.ONLY_BEFORE, null, null, null, ""));
            return false;
        }
        String difference = settings.apply(after).against(settings.apply(before));
        if (!difference.isEmpty()) {
            changes.add(subject.change(figure, "", Kind.NOT_COMPARABLE, null, null, null, difference));
            return false;
        }
        double tokensBefore = tokens.applyAsDouble(before);
        double tokensAfter = tokens.applyAsDouble(after);
        if (tokensBefore != tokensAfter) {
            changes.add(subject.change(
                    "number of tokens",
                    "tokens",
                    Kind.WORSE,
                    tokensBefore,
                    tokensAfter,
                    0.0,
                    "the text is tokenized otherwise, so no other figure is comparable"));
            return false;
        }
        return true;
    }

    private <T> void moved(
            Subject subject,
            String figure,
            String unit,
            Pairing<T> pair,
            Function<T, @Nullable Double> value,
            ToDoubleFunction<Double> noise,
            int worse) {
        change(
                        subject,
                        figure,
                        unit,
                        value.apply(Objects.requireNonNull(pair.before())),
                        value.apply(Objects.requireNonNull(pair.after())),
                        noise,
                        worse)
                .ifPresent(changes::add);
    }

    /**
     * @param worse 1 if more is worse, -1 if less is, 0 if nothing says
     */
    static Optional<FigureChange> change(
            Subject subject,
            String figure,
            String unit,
            @Nullable Double before,
            @Nullable Double after,
            ToDoubleFunction<Double> noise,
            int worse) {
        if (before == null || after == null) {
            return before == null && after == null
                    ? Optional.empty()
                    : Optional.of(subject.change(
                            figure, unit, after == null ? Kind.WORSE : Kind.BETTER, before, after, null, ""));
        }
        double limit = noise.applyAsDouble(before);
        double difference = after - before;
        if (Math.abs(difference) <= limit) {
            return Optional.empty();
        }
        Kind kind = worse == 0 ? Kind.MOVED : difference * worse > 0 ? Kind.WORSE : Kind.BETTER;
        return Optional.of(subject.change(figure, unit, kind, before, after, limit, ""));
    }

    /** What a figure is of. */
    record Subject(String model, String text) {
        FigureChange change(
                String figure,
                String unit,
                Kind kind,
                @Nullable Double before,
                @Nullable Double after,
                @Nullable Double noise,
                String note) {
            return new FigureChange(model, text, figure, unit, kind, before, after, noise, note);
        }
    }
}
