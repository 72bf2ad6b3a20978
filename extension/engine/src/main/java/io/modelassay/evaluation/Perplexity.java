package io.modelassay.evaluation;

import io.modelassay.runtime.LanguageModel;
import org.apiguardian.api.API;

/**
 * Perplexity of a model over a text: exp of the mean negative log-likelihood a predicted token, in nats.
 *
 * @param value the perplexity
 * @param standardError its standard error, by the delta method: perplexity times the standard error of the mean
 * @param tokens number of predicted tokens
 * @param protocol id of the protocol
 * @param provenance device, compute type and engine
 */
@API(status = API.Status.EXPERIMENTAL)
public record Perplexity(double value, double standardError, int tokens, String protocol, Provenance provenance) {
    static Perplexity of(double[] negativeLogLikelihood, Protocol protocol, LanguageModel model) {
        Estimate estimate = Estimate.of(negativeLogLikelihood);
        double value = Math.exp(estimate.mean());
        return new Perplexity(
                value,
                value * estimate.standardError(),
                negativeLogLikelihood.length,
                protocol.id(),
                Provenance.of(model));
    }
}
