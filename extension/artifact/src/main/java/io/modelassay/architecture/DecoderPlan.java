package io.modelassay.architecture;

import java.util.List;
import org.apiguardian.api.API;

/**
 * How a decoder-only language model computes.
 *
 * @param kernel name of the kernel file that runs one layer at a time
 * @param activation name of the kernel file with the activation between gate and product, such as {@code silu}
 * @param layers names of the layers in order, such as {@code model.layers.0}
 * @param hiddenSize width of the residual stream
 * @param heads number of query heads
 * @param keyValueHeads number of key and value heads
 * @param normEpsilon epsilon of every RMS norm
 * @param rotary rotary position embedding
 * @param causal whether a position sees those before it only; otherwise it sees those after it too
 * @param slidingWindows per layer the number of positions seen, itself included; 0 means all. Where attention is not causal,
 *     the largest distance that is seen in either direction
 * @param maxPositions {@code max_position_embeddings}
 * @param vocabularySize rows of embedding and head
 * @param embedding name of the embedding tensor
 * @param finalNorm name of the last norm's tensor
 * @param head name of the tensor that gives the logits: the embedding's where the two are tied
 */
@API(status = API.Status.EXPERIMENTAL)
public record DecoderPlan(
        String kernel,
        String activation,
        List<String> layers,
        int hiddenSize,
        int heads,
        int keyValueHeads,
        double normEpsilon,
        RotaryEmbedding rotary,
        boolean causal,
        List<Integer> slidingWindows,
        int maxPositions,
        int vocabularySize,
        String embedding,
        String finalNorm,
        String head) {
    /** The same with another head. */
    DecoderPlan withHead(String name) {
        return new DecoderPlan(
                kernel,
                activation,
                layers,
                hiddenSize,
                heads,
                keyValueHeads,
                normEpsilon,
                rotary,
                causal,
                slidingWindows,
                maxPositions,
                vocabularySize,
                embedding,
                finalNorm,
                name);
    }
}
