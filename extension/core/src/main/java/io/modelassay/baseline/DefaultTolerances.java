package io.modelassay.baseline;

import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Tolerances of figures for which the file names none: room for what processors differ in, which is the order of sums. In
 * fp32 that moves some parts in a million. In 16 bits it moves at most what rounding itself does: computing in bf16, not in
 * fp32, moved perplexities of small models by up to 0.03 %, drift by 0.03 points, KL by 0.0002 nats, agreement by 0.004 and
 * layer errors by 0.004 over 6643 tokens. Shorter texts move more, so the tolerances are some times as wide.
 */
final class DefaultTolerances {
    private DefaultTolerances() {}

    /** The part of a figure's name that many share: {@code layer_error} of {@code layer_error/model.layers.0}. */
    static String family(String figure) {
        int slash = figure.indexOf('/');
        return slash < 0 ? figure : figure.substring(0, slash);
    }

    /** The tolerances, by family, of figures with these names. */
    static SortedMap<String, String> of(Iterable<String> figures, String dtype) {
        SortedMap<String, String> tolerances = new TreeMap<>();
        figures.forEach(figure -> tolerances.put(family(figure), text(family(figure), dtype)));
        return tolerances;
    }

    static Tolerance of(String figure, String dtype) {
        return Tolerance.parse(text(family(figure), dtype));
    }

    private static String text(String family, String dtype) {
        boolean exact = dtype.equals("fp32");
        return switch (family) {
            case Measurement.PERPLEXITY -> exact ? "0.1 %" : "0.3 %";
            case Measurement.DRIFT -> exact ? "0.1" : "0.3"; // percentage points, as perplexity's percent
            case Measurement.KL -> exact ? "0.0002 + 2 %" : "0.0005 + 5 %";
            case Measurement.AGREEMENT -> exact ? "0.005" : "0.01";
            case Measurement.LAYER_ERROR -> exact ? "0.0005 + 2 %" : "0.005 + 5 %";
            case Measurement.DECODED_MAX -> exact ? "0.1 %" : "1 %";
            default -> "0"; // what is read, not computed
        };
    }
}
