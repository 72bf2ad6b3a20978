package io.modelassay.cli;

import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.ComparisonCheck;
import io.modelassay.evaluation.DefaultLimits;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Origin;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Limits to what a comparison may show, as options of a verb; judged as the assertions of the same figures are. */
final class LimitOptions {
    private static final DefaultLimits NOTHING =
            new DefaultLimits(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 0);

    @Option(
            names = "--max-drift",
            paramLabel = "PERCENT",
            description =
                    "Fail if the perplexity has grown by more than this against the reference; less always holds.")
    private @Nullable Double drift;

    @Option(
            names = "--max-kl",
            paramLabel = "NATS",
            description = "Fail if the mean KL divergence from the reference is larger, in nats a token.")
    private @Nullable Double divergence;

    @Option(
            names = "--min-top1",
            paramLabel = "SHARE",
            description = "Fail if fewer tokens agree with the reference's most likely one; a share from 0 to 1.")
    private @Nullable Double agreement;

    @Option(
            names = "--default-limits",
            description = {
                "Fail beyond the limits for this quantization and size of model, see docs/reference.md;",
                "a limit given beside this one takes its place."
            })
    private boolean defaults;

    /** Whether nothing is limited, so that nothing but a ruinous drift is told. */
    private boolean none() {
        return !defaults && drift == null && divergence == null && agreement == null;
    }

    /**
     * Checks the values before anything is computed.
     *
     * @param compares whether the arguments name something to compare with
     */
    void check(Verb verb, boolean compares) {
        if (!none() && !compares) {
            throw verb.misused(
                    named() + ": nothing is compared, so nothing can be held to a limit",
                    "--reference FOLDER, --quantize SPEC or --adapter FOLDER");
        }
        if (drift != null && !(drift >= 0 && drift < Double.POSITIVE_INFINITY)) {
            throw verb.misused("--max-drift: a limit is a percentage of at least 0, not " + drift, "3");
        }
        if (divergence != null && !(divergence >= 0 && divergence < Double.POSITIVE_INFINITY)) {
            throw verb.misused("--max-kl: a KL divergence is at least 0 nats, not " + divergence, "0.05");
        }
        if (agreement != null && !(agreement >= 0 && agreement <= 1)) {
            throw verb.misused("--min-top1: an agreement is a share from 0 to 1, not " + agreement, "0.95");
        }
    }

    private String named() {
        return drift != null
                ? "--max-drift"
                : divergence != null ? "--max-kl" : agreement != null ? "--min-top1" : "--default-limits";
    }

    /** What does not hold; where no limit was asked for, a warning of a drift that is beyond every default limit. */
    List<Finding> findings(ModelUnderTest model, Comparison comparison) {
        if (none()) {
            return model.adapter().isPresent()
                    ? List.of()
                    : ruinous(model, comparison).stream().toList();
        }
        List<Finding> findings = new ArrayList<>();
        DefaultLimits limits = defaults ? defaultLimits(model, findings) : NOTHING;
        limit(drift, limits.limitsDrift(), limits.driftPercent())
                .flatMap(most -> beyond(ComparisonCheck.DRIFT, most, model, comparison))
                .ifPresent(findings::add);
        limit(divergence, limits.limitsKlDivergence(), limits.klDivergence())
                .flatMap(most -> beyond(ComparisonCheck.KL_DIVERGENCE, most, model, comparison))
                .ifPresent(findings::add);
        limit(agreement, limits.limitsTopTokenAgreement(), limits.topTokenAgreement())
                .flatMap(least -> beyond(ComparisonCheck.TOP_TOKEN, 100 * least, model, comparison))
                .ifPresent(findings::add);
        return findings;
    }

    private static Optional<Double> limit(@Nullable Double given, boolean isDefault, double other) {
        return given != null ? Optional.of(given) : isDefault ? Optional.of(other) : Optional.empty();
    }

    private DefaultLimits defaultLimits(ModelUnderTest model, List<Finding> findings) {
        Optional<DefaultLimits> known = model.defaultLimits();
        if (known.isEmpty()) {
            findings.add(new Finding(
                    "default-limits-unknown",
                    Severity.ERROR,
                    model.name(),
                    model.adapter().isPresent()
                            ? "Default limits belong to a quantization, not to an adapter"
                            : "There are no default limits for a model that is " + model.quantizationLabel(),
                    "limits of your own, such as --max-drift 5"));
            return NOTHING;
        }
        DefaultLimits limits = known.get();
        List<String> open = Stream.of(
                        limits.limitsDrift() || drift != null ? "" : ComparisonCheck.DRIFT.label(),
                        limits.limitsKlDivergence() || divergence != null ? "" : ComparisonCheck.KL_DIVERGENCE.label(),
                        limits.limitsTopTokenAgreement() || agreement != null ? "" : ComparisonCheck.TOP_TOKEN.label())
                .filter(label -> !label.isEmpty())
                .toList();
        if (!open.isEmpty()) {
            findings.add(new Finding(
                    "default-limits-not-judged",
                    Severity.WARNING,
                    model.name(),
                    "Reported, not judged: " + String.join(", ", open) + ". No source measured a limit for "
                            + model.quantizationLabel() + " of a model of this size",
                    "limits of your own: --max-drift, --max-kl, --min-top1"));
        }
        return limits;
    }

    private static Optional<Finding> beyond(
            ComparisonCheck check, double limit, ModelUnderTest model, Comparison comparison) {
        Figure found = check.judge(model.subject(), comparison, limit, Origin.NONE);
        return found.holds()
                ? Optional.empty()
                : Optional.of(new Finding(
                        switch (check) {
                            case DRIFT -> "drift-above-limit";
                            case KL_DIVERGENCE -> "kl-divergence-above-limit";
                            case TOP_TOKEN -> "top-token-agreement-below-limit";
                        },
                        Severity.ERROR,
                        model.name(),
                        "The " + check.label() + " is " + figure(found) + " against "
                                + model.reference().name() + ", the limit " + found.limitText() + " " + found.unit(),
                        "more bits or smaller groups, or the modules that lose most in full precision"));
    }

    private static Optional<Finding> ruinous(ModelUnderTest model, Comparison comparison) {
        double loosest = DefaultLimits.loosestDriftPercent();
        Figure found = ComparisonCheck.DRIFT.judge(model.subject(), comparison, loosest, Origin.NONE);
        return found.holds()
                ? Optional.empty()
                : Optional.of(new Finding(
                        "drift-large",
                        Severity.WARNING,
                        model.name(),
                        "The perplexity drift is " + figure(found) + " against "
                                + model.reference().name()
                                + ", beyond " + String.format(Locale.ROOT, "%.0f", loosest)
                                + " %, the loosest of all default limits",
                        "scan and inspect, which tell of damage; --max-drift to make this fail"));
    }

    private static String figure(Figure found) {
        return String.format(Locale.ROOT, "%.4g ± %.2g %s", found.value(), found.standardError(), found.unit());
    }
}
