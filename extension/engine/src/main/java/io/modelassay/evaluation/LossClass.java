package io.modelassay.evaluation;

import io.modelassay.quantization.CodeKind;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.StoredQuantization;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/** Quantizations that lose alike, so that one limit fits them; those that lose least first. */
enum LossClass {
    /** Integers of 8 bits. */
    INT8,
    /** Floating point of 8 bits. */
    FP8,
    /** 4 bits, integers or a table, on scales of groups. */
    FOUR_BITS_GROUPED,
    /** Integers of 4 bits, one scale for each channel or tensor. */
    FOUR_BITS_CHANNEL,
    /** Integers of 3 bits. */
    THREE_BITS,
    /** What no source has measured: 2 bits and fewer, and floating point of 4 bits. */
    UNMEASURED;

    /** The class of what {@code quantization} applies; of several grids the one that loses most. */
    static LossClass of(Quantization quantization) {
        return most(quantization.grids().stream().map(LossClass::ofGrid)).orElse(UNMEASURED);
    }

    /** The class of what is stored, of several schemes the one that loses most; nothing where no weight is quantized. */
    static Optional<LossClass> of(StoredQuantization stored) {
        return most(stored.weights().values().stream().map(LossClass::of));
    }

    private static Optional<LossClass> most(Stream<LossClass> classes) {
        return classes.max(Comparator.naturalOrder());
    }

    private static LossClass ofGrid(Quantization quantization) {
        return of(quantization.method().codes(), quantization.bits(), quantization.groupSize());
    }

    private static LossClass of(PackedWeight weight) {
        return of(weight.codes(), weight.format().bits(), weight.format().groupSize());
    }

    private static LossClass of(CodeKind codes, int bits, long groupSize) {
        return switch (codes) {
            case FLOAT8 -> FP8;
            case FLOAT4 -> UNMEASURED;
            case TABLE4 -> FOUR_BITS_GROUPED;
            case INTEGER -> integers(bits, groupSize > 0);
        };
    }

    private static LossClass integers(int bits, boolean grouped) {
        if (bits >= 8) {
            return INT8;
        }
        // 5 to 7 bits lose less than 4, whose limits hold for them.
        if (bits >= 4) {
            return grouped ? FOUR_BITS_GROUPED : FOUR_BITS_CHANNEL;
        }
        return bits == 3 ? THREE_BITS : UNMEASURED;
    }
}
