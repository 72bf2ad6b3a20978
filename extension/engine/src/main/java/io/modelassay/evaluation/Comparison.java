package io.modelassay.evaluation;

import io.modelassay.runtime.VocabularyHead.TokenComparison;
import java.util.List;
import org.apiguardian.api.API;

/**
 * Two models over one text, token by token. Because both see the same tokens, the standard errors are those of the paired
 * differences, and small.
 *
 * @param reference perplexity of the reference
 * @param subject perplexity of the model under test
 * @param driftPercent growth of the perplexity, {@code 100 (exp(mean difference of log-likelihoods) - 1)}
 * @param driftStandardError its standard error in percentage points, by the delta method
 * @param klDivergence KL(reference || subject) in nats a token
 * @param topTokenAgreement share of tokens at which both hold the same token for the most likely, 0 to 1
 * @param layerErrors relative error of each layer's output on the first positions of the text
 */
@API(status = API.Status.EXPERIMENTAL)
public record Comparison(
        Perplexity reference,
        Perplexity subject,
        double driftPercent,
        double driftStandardError,
        Estimate klDivergence,
        Estimate topTokenAgreement,
        List<LayerError> layerErrors) {

    /**
     * Relative error of a layer's output, {@code |subject - reference| / |reference|} in Frobenius norms.
     *
     * @param layer name of the layer
     * @param error the ratio
     */
    public record LayerError(String layer, double error) {}

    static Comparison of(
            TokenComparison tokens, Perplexity reference, Perplexity subject, List<LayerError> layerErrors) {
        double[] differences = new double[tokens.reference().length];
        for (int i = 0; i < differences.length; i++) {
            differences[i] = tokens.other()[i] - tokens.reference()[i];
        }
        Estimate difference = Estimate.of(differences);
        double ratio = Math.exp(difference.mean());
        return new Comparison(
                reference,
                subject,
                100 * (ratio - 1),
                100 * ratio * difference.standardError(),
                Estimate.of(tokens.divergence()),
                Estimate.of(tokens.agreement()),
                List.copyOf(layerErrors));
    }
}
