/**
 * Figures of a model over a text, each with its uncertainty: perplexity, paired drift, KL divergence, agreement of the
 * most likely token, and the health of activations.
 */
@NullMarked
package io.modelassay.evaluation;

import org.jspecify.annotations.NullMarked;
