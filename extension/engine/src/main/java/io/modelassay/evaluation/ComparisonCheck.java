package io.modelassay.evaluation;

import io.modelassay.evaluation.Limit.Direction;
import org.apiguardian.api.API;

/** A figure of a comparison that can be held against a limit; the one judgement of assertions and of the command line. */
@API(status = API.Status.INTERNAL)
public enum ComparisonCheck {
    /** Growth of the perplexity in percent. One-sided: a smaller perplexity holds against every limit. */
    DRIFT("perplexity drift", Measure.PERPLEXITY_DRIFT, "%", Direction.AT_MOST),
    /** Mean KL divergence in nats a token. */
    KL_DIVERGENCE("mean KL divergence", Measure.KL_DIVERGENCE, "nats", Direction.AT_MOST),
    /** Share of most likely tokens that are the reference's, in percent. */
    TOP_TOKEN("top token agreement", Measure.TOP_TOKEN_AGREEMENT, "%", Direction.AT_LEAST);

    private final String label;
    private final Measure measure;
    private final String unit;
    private final Direction direction;

    ComparisonCheck(String label, Measure measure, String unit, Direction direction) {
        this.label = label;
        this.measure = measure;
        this.unit = unit;
        this.direction = direction;
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

    /**
     * Holds {@code comparison} against {@code bound}. NaN holds against none.
     *
     * @param bound in this check's unit
     */
    public Figure judge(Subject subject, Comparison comparison, double bound, Origin origin) {
        return Figure.judged(subject, found(comparison), new Limit(bound, direction, unit), origin);
    }

    /** The figure without a limit. */
    public Figure report(Subject subject, Comparison comparison, Origin origin) {
        return Figure.reported(subject, found(comparison), origin);
    }

    private Observation found(Comparison comparison) {
        return new Observation(label, measure, of(comparison), unit);
    }
}
