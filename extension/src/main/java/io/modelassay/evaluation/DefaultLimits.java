package io.modelassay.evaluation;

import io.modelassay.quantization.Quantization;
import org.apiguardian.api.API;

/**
 * Limits for a scheme where a test names none of its own.
 *
 * <p>They are set from published figures: perplexity drift and top-1 agreement of llama.cpp's tables for LLaMA-3-8B and of
 * GPTQ, AWQ and bitsandbytes papers and cards for 7B models, INT8 and FP8 from SmoothQuant and vLLM. Small models lose
 * more, so models of at most 1.5 billion parameters have wider bounds. Two bits and less are reported, never limited:
 * published drifts reach from 7 % to collapse.
 *
 * @param driftPercent largest growth of the perplexity in percent
 * @param klDivergence largest mean KL divergence in nats a token
 * @param topTokenAgreement smallest share of tokens with the same most likely token
 */
@API(status = API.Status.EXPERIMENTAL)
public record DefaultLimits(double driftPercent, double klDivergence, double topTokenAgreement) {
    /** Models of at most this many parameters count as small. */
    public static final long SMALL_MODEL_PARAMETERS = 1_500_000_000L;

    private static final DefaultLimits NONE = new DefaultLimits(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 0);

    /** The limits for {@code quantization} of a model with {@code parameters} parameters. */
    public static DefaultLimits of(Quantization quantization, long parameters) {
        boolean small = parameters <= SMALL_MODEL_PARAMETERS;
        return switch (quantization.method()) {
            case LLM_INT8 -> int8(small);
            case FP8 -> new DefaultLimits(small ? 4 : 3, 0.02, 0.95);
            case NF4, FP4 -> fourBitGrouped(small);
            case RTN, GPTQ, AWQ, HQQ ->
                switch (quantization.bits()) {
                    case 8 -> int8(small);
                    case 4 ->
                        quantization.groupSize() == Quantization.PER_CHANNEL
                                ? new DefaultLimits(small ? 18 : 15, 0.15, 0.85)
                                : fourBitGrouped(small);
                    // No figure supports a bound on the drift of a small model at three bits.
                    case 3 -> new DefaultLimits(small ? Double.POSITIVE_INFINITY : 35, 0.3, 0.75);
                    default -> NONE;
                };
        };
    }

    private static DefaultLimits int8(boolean small) {
        return new DefaultLimits(small ? 1.5 : 1, 0.005, 0.97);
    }

    private static DefaultLimits fourBitGrouped(boolean small) {
        return new DefaultLimits(small ? 12 : 8, 0.1, 0.90);
    }

    /** Whether there is any limit. */
    public boolean limitsAnything() {
        return !equals(NONE);
    }
}
