package io.modelassay.assertions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.modelassay.evaluation.DefaultLimits;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Quantization;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The limits that {@code keepsDefaultLimitsOn} asks for, as a table: drift of small and of large models, KL, top-1. */
class DefaultLimitsTest {
    private static final double NONE = Double.POSITIVE_INFINITY;

    static Stream<Arguments> table() {
        return Stream.of(
                arguments(Quantization.llmInt8(), 1.5, 1, 0.005, 0.97),
                arguments(Quantization.rtn(8, Quantization.PER_CHANNEL), 1.5, 1, 0.005, 0.97),
                arguments(Quantization.rtn(8, 128), 1.5, 1, 0.005, 0.97),
                arguments(Quantization.fp8(Granularity.TENSOR), 4, 3, 0.02, 0.95),
                arguments(Quantization.fp8(Granularity.CHANNEL), 4, 3, 0.02, 0.95),
                arguments(Quantization.fp8(Granularity.BLOCK), 4, 3, 0.02, 0.95),
                arguments(Quantization.nf4(), 12, 8, 0.1, 0.90),
                arguments(Quantization.nf4().doubleQuantized(), 12, 8, 0.1, 0.90),
                arguments(Quantization.fp4(), 12, 8, 0.1, 0.90),
                arguments(Quantization.rtn(4, 128), 12, 8, 0.1, 0.90),
                arguments(Quantization.rtn(4, 32).asymmetric(), 12, 8, 0.1, 0.90),
                arguments(Quantization.rtn(4, Quantization.PER_CHANNEL), 18, 15, 0.15, 0.85),
                arguments(Quantization.rtn(3, 128), NONE, 35, 0.3, 0.75),
                arguments(Quantization.rtn(2, 128), NONE, NONE, NONE, 0));
    }

    @ParameterizedTest
    @MethodSource("table")
    void eachSchemeHasItsLimits(
            Quantization quantization, double smallDrift, double largeDrift, double divergence, double agreement) {
        long small = DefaultLimits.SMALL_MODEL_PARAMETERS;
        assertThat(DefaultLimits.of(quantization, small))
                .isEqualTo(new DefaultLimits(smallDrift, divergence, agreement));
        assertThat(DefaultLimits.of(quantization, small + 1))
                .isEqualTo(new DefaultLimits(largeDrift, divergence, agreement));
        assertThat(DefaultLimits.of(quantization, small).limitsAnything()).isEqualTo(quantization.bits() > 2);
    }
}
