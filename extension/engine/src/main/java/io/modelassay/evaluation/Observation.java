package io.modelassay.evaluation;

import org.apiguardian.api.API;

/**
 * What a check has found.
 *
 * @param check name of the check, such as {@code perplexity drift}; for people
 * @param measure what kind of quantity it is
 * @param estimate the value with its standard error, 0 where it has none
 * @param unit unit of both, such as {@code %}; may be empty
 */
@API(status = API.Status.EXPERIMENTAL)
public record Observation(String check, Measure measure, Estimate estimate, String unit) {
    /** A number of things. */
    public static Observation count(String check, long found, String things) {
        return new Observation(check, Measure.COUNT, new Estimate(found, 0), things);
    }
}
