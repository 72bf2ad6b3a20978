package io.modelassay.evaluation;

import java.util.Locale;
import org.apiguardian.api.API;

/** A figure of a comparison that can be held against a limit; the one judgement of assertions and of the command line. */
@API(status = API.Status.INTERNAL)
public enum ComparisonCheck {
    /** Growth of the perplexity in percent. One-sided: a smaller perplexity holds against every limit. */
    DRIFT("perplexity drift", "%", "at most %.2f", true),
    /** Mean KL divergence in nats a token. */
    KL_DIVERGENCE("mean KL divergence", "nats", "at most %.4f", true),
    /** Share of most likely tokens that are the reference's, in percent. */
    TOP_TOKEN("top token agreement", "%", "at least %.2f", false);

    private final String label;
    private final String unit;
    private final String limitFormat;
    private final boolean limitsFromAbove;

    ComparisonCheck(String label, String unit, String limitFormat, boolean limitsFromAbove) {
        this.label = label;
        this.unit = unit;
        this.limitFormat = limitFormat;
        this.limitsFromAbove = limitsFromAbove;
    }

    /** For messages, such as {@code perplexity drift}. */
    public String label() {
        return label;
    }

    /** The figure in this check's unit, with its standard error. */
    public Estimate of(Comparison comparison) {
        return switch (this) {
            case DRIFT -> new Estimate(comparison.driftPercent(), comparison.driftStandardError());
            case KL_DIVERGENCE -> comparison.klDivergence();
            case TOP_TOKEN ->
                new Estimate(
                        100 * comparison.topTokenAgreement().mean(),
                        100 * comparison.topTokenAgreement().standardError());
        };
    }

    /** The unit of figure and limit. */
    public String unit() {
        return unit;
    }

    /** The limit as a person reads it, such as {@code at most 3.00}. */
    public String limit(double limit) {
        return String.format(Locale.ROOT, limitFormat, limit);
    }

    /**
     * Holds {@code comparison} against {@code limit}. NaN holds against none.
     *
     * @param limit in this check's unit
     */
    public Figure judge(String model, Comparison comparison, double limit, String provenance) {
        Estimate found = of(comparison);
        boolean holds = limitsFromAbove ? found.mean() <= limit : found.mean() >= limit;
        return new Figure(model, label, found.mean(), found.standardError(), unit, limit(limit), holds, provenance);
    }

    /** The figure without a limit: reported, not judged, but for NaN and infinities, which no healthy model has. */
    public Figure report(String model, Comparison comparison, String provenance) {
        Estimate found = of(comparison);
        return new Figure(
                model, label, found.mean(), found.standardError(), unit, "", Double.isFinite(found.mean()), provenance);
    }
}
