package io.modelassay.baseline;

import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Tolerances of figures for which the file names none. They leave room for what processors differ in, the order of sums and
 * the width of their vector units, and for no more: in 16 bits every output is rounded, so that two orders of a sum differ
 * by about the rounding itself; in fp32 by some parts in a million, which the first digits that are kept hardly show.
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
            case Measurement.PERPLEXITY -> exact ? "0.1 %" : "0.5 %";
            case Measurement.DRIFT -> exact ? "0.1" : "0.5"; // percentage points, as perplexity's percent
            case Measurement.KL -> exact ? "0.0002 + 2 %" : "0.001 + 10 %";
            case Measurement.AGREEMENT -> exact ? "0.005" : "0.02";
            case Measurement.LAYER_ERROR -> exact ? "0.0005 + 2 %" : "0.005 + 10 %";
            case Measurement.DECODED_MAX -> exact ? "0.1 %" : "1 %";
            default -> "0"; // what is read, not computed
        };
    }
}
