package io.modelassay.quantizer;

import io.modelassay.checkpoint.Shape;
import io.modelassay.quantization.DynamicRule;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import java.util.EnumSet;

/** Quantizations into integer codes with integer zero points, in groups of input channels. */
final class IntegerGrid {
    private static final EnumSet<Method> METHODS = EnumSet.of(Method.RTN, Method.GPTQ, Method.AWQ);

    private IntegerGrid() {}

    static boolean isMadeBy(Quantization quantization) {
        return METHODS.contains(quantization.method());
    }

    /** Whether all modules that are quantized have the same grid, the head not among them. */
    static boolean isUniform(Quantization quantization) {
        return !quantization.quantizesHead() && quantization.dynamic().stream().allMatch(DynamicRule::leavesOut);
    }

    /** Whether groups follow another order of the channels than the stored one. */
    static boolean isOrdered(Quantization quantization) {
        GptqSettings settings = quantization.gptqSettings();
        return quantization.method() == Method.GPTQ
                && settings.order() == GptqSettings.Order.ACT_ORDER
                && !settings.staticGroups()
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
