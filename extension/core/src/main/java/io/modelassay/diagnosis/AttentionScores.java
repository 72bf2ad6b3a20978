package io.modelassay.diagnosis;

import org.apiguardian.api.API;

/**
 * Products of queries and keys in one layer, before scaling, as eager attention holds them.
 *
 * @param module the attention module
 * @param largest largest magnitude measured
 * @param ofBiases largest |b_q| |b_k| of a pair of heads: what the biases can make of it alone; 0 without biases
 * @param queryBias largest magnitude of the query's bias
 * @param keyBias of the key's bias
 * @param scaling by which attention multiplies them
 */
@API(status = API.Status.EXPERIMENTAL)
public record AttentionScores(
        String module, double largest, double ofBiases, double queryBias, double keyBias, double scaling) {
    /** Whether biases alone could give half of the largest score. */
    boolean isBiased() {
        return ofBiases >= largest / 2;
    }

    /** By how much rounding the largest score to float16 moves its logit, in nats. */
    public double roundingInHalf() {
        int exponent = Math.max(Math.getExponent(largest), -14);
        return Math.scalb(0.5, exponent - 10) * scaling;
    }
}
