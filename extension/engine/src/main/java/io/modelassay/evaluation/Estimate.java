package io.modelassay.evaluation;

import java.util.Arrays;
import org.apiguardian.api.API;

/**
 * A mean over tokens with its standard error, the sample's standard deviation over the root of its size.
 *
 * @param mean the mean
 * @param standardError its standard error; 0 for a single value
 */
@API(status = API.Status.EXPERIMENTAL)
public record Estimate(double mean, double standardError) {
    /** The estimate from {@code values}, at least one. */
    static Estimate of(double[] values) {
        double mean = Arrays.stream(values).sum() / values.length;
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        return new Estimate(mean, values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1.0) / values.length));
    }
}
