package io.modelassay.quantizer;

import io.modelassay.checkpoint.Shape;
import io.modelassay.quantization.DynamicRule;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import java.util.Set;

/** Quantizations into integer codes with integer zero points, in groups of input channels. */
final class IntegerGrid {
    /** What layouts of such codes store. */
    static final String CONTENT = "integer codes with integer zero points";

    /** Bits of the codes that {@code bit_stream.py} makes words of. */
    private static final Set<Integer> PACKED_BITS = Set.of(2, 3, 4, 8);

    private IntegerGrid() {}

    /** Why the codes of some module cannot be packed into words, or nothing. */
    static String refusal(Quantization quantization) {
        return quantization.grids().stream().allMatch(grid -> PACKED_BITS.contains(grid.bits()))
                ? ""
                : "packs codes of 2, 3, 4 or 8 bits";
    }

    /** Whether all modules that are quantized have the same grid, the head not among them. */
    static boolean isUniform(Quantization quantization) {
        return !quantization.quantizesHead() && quantization.dynamic().stream().allMatch(DynamicRule::leavesOut);
    }

    /** Whether input channels are quantized strongest first, wherever they are. */
    static boolean isActOrder(Quantization quantization) {
        return quantization.settings() instanceof GptqSettings settings
                && settings.order() == GptqSettings.Order.ACT_ORDER;
    }

    /** Whether groups follow another order of the channels than the stored one. */
    static boolean isOrdered(Quantization quantization) {
        return isActOrder(quantization)
                && !quantization.gptqSettings().staticGroups()
                && quantization.groupSize() != Quantization.PER_CHANNEL;
    }

    /** Groups of a row of {@code weight}, the last of which may be short. */
    static long groups(Shape weight, Quantization quantization) {
        long in = weight.dimension(1);
        long group = quantization.groupSize() == Quantization.PER_CHANNEL ? in : quantization.groupSize();
        return (in + group - 1) / group;
    }

    /** Whether no group of {@code weight} is short. */
    static boolean divides(Shape weight, Quantization quantization) {
        return quantization.groupSize() == Quantization.PER_CHANNEL
                || weight.dimension(1) % quantization.groupSize() == 0;
    }
}
