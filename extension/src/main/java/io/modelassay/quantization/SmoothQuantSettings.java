package io.modelassay.quantization;

import org.apiguardian.api.API;

/**
 * How SmoothQuant goes about it.
 *
 * @param alpha share of the difficulty that moves from the activations into the weights, from 0 to 1
 */
@API(status = API.Status.EXPERIMENTAL)
public record SmoothQuantSettings(double alpha) implements MethodSettings {
    /** The paper's default: half of it. */
    public static final SmoothQuantSettings DEFAULT = new SmoothQuantSettings(0.5);

    /** @throws IllegalArgumentException for an alpha outside of its range */
    public SmoothQuantSettings {
        if (!(alpha >= 0 && alpha <= 1)) {
            throw new IllegalArgumentException("SmoothQuant's alpha is from 0 to 1, not " + alpha);
        }
    }

    @Override
    public Method method() {
        return Method.SMOOTHQUANT;
    }
}
