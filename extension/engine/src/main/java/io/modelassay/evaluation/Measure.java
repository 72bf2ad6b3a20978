package io.modelassay.evaluation;

import java.util.Locale;
import org.apiguardian.api.API;

/** What kind of quantity a figure is. Figures of two runs are compared by it, never by their names. */
@API(status = API.Status.EXPERIMENTAL)
public enum Measure {
    /** A number of things, such as missing keys: exact, and the same on every stack. */
    COUNT(0),
    /** Growth of the perplexity against the reference, in percent. */
    PERPLEXITY_DRIFT(2),
    /** Mean KL divergence from the reference, in nats a token. */
    KL_DIVERGENCE(4),
    /** Share of most likely tokens that are the reference's, in percent. */
    TOP_TOKEN_AGREEMENT(2),
    /** Mean KL divergence between a model with and without an adapter, in nats a token. */
    ADAPTER_EFFECT(4),
    /** Mean KL divergence between an adapter merged and unmerged, in nats a token. */
    MERGE_LOSS(4),
    /** A loss of training, in nats a token. */
    LOSS(4),
    /** Largest difference of two logits. */
    LOGIT_DIFFERENCE(-1);

    /** Decimals of a limit; -1 for as many as it has. */
    private final int decimals;

    Measure(int decimals) {
        this.decimals = decimals;
    }

    /** A limit as a person reads it. One that would be rounded to 0 keeps its digits. */
    String written(double bound) {
        boolean vanishes = bound != 0 && Math.abs(bound) < Math.pow(10, -decimals) / 2;
        return decimals < 0
                ? Double.toString(bound)
                : String.format(Locale.ROOT, vanishes ? "%.1e" : "%." + decimals + "f", bound);
    }
}
