package io.modelassay;

import io.modelassay.evaluation.Perplexity;
import java.util.SortedMap;
import org.apiguardian.api.API;

/**
 * What dropping the unused biases of an artifact does on a text.
 *
 * @param outputShares by module, {@code |b| / |x W^T|}: the norm of the bias over all tokens of the first window against
 *     that of the output it would have been added to
 * @param without perplexity as loaders compute it, with the biases dropped
 * @param with perplexity with the biases added
 */
@API(status = API.Status.EXPERIMENTAL)
public record BiasEffect(SortedMap<String, Double> outputShares, Perplexity without, Perplexity with) {}
