package io.modelassay.matrix.result;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How much a figure may differ between two library stacks that both compute rightly. Both score the same tokens of the same
 * weights, so sampling has no part in it; what remains is rounding: another order of summation, another kernel. It is measured
 * in the unit roundoff {@code u} of the compute type: 2^-24 for fp32, 2^-11 for fp16, 2^-8 for bf16. docs/reference.md gives
 * the limits with what was seen.
 */
final class Noise {
    /** Sums of a sketch are added in float64, in an order that libraries choose. */
    private static final double SKETCH_ROUNDING = 1e-12;

    private static final double LIKELIHOOD_ROUNDING = 1e-7;

    /** Outputs, as many as a decoder layer has or some more, after which rounding has as much again to add. */
    private static final double OUTPUTS_A_LAYER = 16;

    /** Tokens from which on a mean is as steady as the limits say. */
    private static final int MANY_TOKENS = 2048;

    private static final double TIME_FACTOR = 1.5;
    private static final double MEMORY_FACTOR = 1.25;

    private final double roundoff;

    /** What one rounding of each operand of one matrix product makes of its result, at most. */
    private final double operation;

    /** What remains of it in a mean over a text's tokens. */
    private final double mean;

    private final Codes codes;

    private Noise(double roundoff, double operation, double mean, Codes codes) {
        this.roundoff = roundoff;
        this.operation = operation;
        this.mean = mean;
        this.codes = codes;
    }

    /**
     * Where the codes of quantized weights come from. Methods that calibrate decide by sums over activations, GPTQ each weight
     * after the errors of those before, AWQ the best of a grid: one tie that falls otherwise gives another quantization of the
     * same quality. Its tensors say nothing, and its figures differ by chance, as their standard errors tell.
     *
     * @param standardErrors how many more standard errors a figure may differ by
     * @param layerShare by how much of itself the error of a layer may differ
     * @param tensors the relative difference that a tensor may have besides
     */
    private record Codes(double standardErrors, double layerShare, double tensors) {
        private static final Codes FIXED = new Codes(0, 0, 0);
        private static final Codes FROM_CALIBRATION = new Codes(3, 0.1, Double.POSITIVE_INFINITY);

        double chance(@Nullable Double standardError) {
            return standardError == null ? 0 : standardErrors * standardError;
        }
    }

    /**
     * Of the figures of a model.
     *
     * @param dtype {@code fp32}, {@code fp16} or {@code bf16}; another name counts as {@code bf16}, the coarsest
     */
    static Noise of(String dtype) {
        Codes codes = Codes.FIXED;
        return switch (dtype.toLowerCase(Locale.ROOT)) {
            case "fp32" -> new Noise(Math.scalb(1.0, -24), 64 * Math.scalb(1.0, -24), 1e-6, codes);
            case "fp16" -> new Noise(Math.scalb(1.0, -11), 4 * Math.scalb(1.0, -11), 2e-4, codes);
            default -> new Noise(Math.scalb(1.0, -8), 4 * Math.scalb(1.0, -8), 1e-3, codes);
        };
    }

    /** The same where a calibration chose the codes of the weights. */
    Noise withCalibratedCodes() {
        return new Noise(roundoff, operation, mean, Codes.FROM_CALIBRATION);
    }

    /** The same of means over {@code tokens}: over few, rounding has fewer others to cancel with. */
    Noise over(int tokens) {
        double spread = Math.sqrt((double) MANY_TOKENS / Math.max(1, Math.min(tokens, MANY_TOKENS)));
        return new Noise(roundoff, operation, mean * spread, codes);
    }

    /** Of a perplexity, which is the exponential of a mean over tokens; the standard error of its drift is in percent. */
    double perplexity(double before, @Nullable Double driftStandardError) {
        return before * (mean + codes.chance(driftStandardError) / 100);
    }

    /** Of a perplexity without a reference: paired errors are a tenth of its own or less. */
    double perplexityAlone(double before, @Nullable Double standardError) {
        return before * mean + codes.chance(standardError) / 10;
    }

    /** Of a drift in percent: two perplexities have a part in it. */
    double driftPercent(@Nullable Double standardError) {
        return 100 * 2 * mean + codes.chance(standardError);
    }

    /**
     * Of a mean KL divergence in nats: half the squared difference of logits, to which rounding adds its own; log-likelihoods
     * themselves are float32.
     */
    double meanKl(double before, @Nullable Double standardError) {
        return codes.chance(standardError)
                + LIKELIHOOD_ROUNDING
                + operation * operation / 2
                + Math.sqrt(2 * Math.max(0, before)) * mean;
    }

    /** Of a share of tokens: near-ties within rounding, plus two tokens of slack. */
    double topTokenAgreement(int tokens, @Nullable Double standardError) {
        return 3 * roundoff + 2.0 / Math.max(1, tokens) + codes.chance(standardError);
    }

    /** Of the relative error of a layer's output: rounding that goes along with it, and, in squares, rounding that does not. */
    double layerError(double before, int layer) {
        double rounding = operation * Math.sqrt(1 + layer);
        return before * (rounding + codes.layerShare()) + Math.hypot(before, rounding) - before;
    }

    /** Of the figure of a check that nothing else is known of: whole numbers count something and have none. */
    double other(double before, double after) {
        return before == Math.rint(before) && after == Math.rint(after) ? 0 : Math.abs(before) * operation;
    }

    /** Of a decoded weight, relative to its norm: one rounding of each element. */
    double weight() {
        return roundoff + codes.tensors();
    }

    /** Of a module's output, relative to its norm, after {@code outputs} others: both stacks round. */
    double output(int outputs) {
        return 2 * operation * Math.sqrt(1 + outputs / OUTPUTS_A_LAYER) + codes.tensors();
    }

    /** Whether two sketches are of the same tensor as far as sketches tell. */
    static boolean isSame(double relativeDifference) {
        return relativeDifference <= SKETCH_ROUNDING;
    }

    /** Whether a cell took so much longer or shorter that it is worth a word, never more. */
    static boolean isOtherTime(double ratio) {
        return ratio > TIME_FACTOR || ratio < 1 / TIME_FACTOR;
    }

    /** The same of the most memory that was resident. */
    static boolean isOtherMemory(double ratio) {
        return ratio > MEMORY_FACTOR || ratio < 1 / MEMORY_FACTOR;
    }
}
