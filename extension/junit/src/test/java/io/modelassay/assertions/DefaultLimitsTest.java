package io.modelassay.assertions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.evaluation.DefaultLimits;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.StoredQuantization;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The limits that {@code keepsDefaultLimitsOn} and {@code evaluate --default-limits} ask for, by scheme and size. */
class DefaultLimitsTest {
    private static final double ANY = Double.POSITIVE_INFINITY;
    private static final DefaultLimits NONE = new DefaultLimits(ANY, ANY, 0);

    private static DefaultLimits drift(double percent) {
        return new DefaultLimits(percent, ANY, 0);
    }

    static Stream<Arguments> table() {
        DefaultLimits eight = new DefaultLimits(1.5, 0.015, 0.94);
        DefaultLimits float8 = new DefaultLimits(5, 0.05, 0.88);
        List<DefaultLimits> int8 = List.of(eight, drift(1.5), drift(1), new DefaultLimits(1, 0.005, 0.97));
        List<DefaultLimits> fp8 = List.of(float8, drift(4), drift(3), new DefaultLimits(3, 0.02, 0.95));
        List<DefaultLimits> four = List.of(NONE, drift(12), drift(8), new DefaultLimits(8, 0.1, 0.90));
        List<DefaultLimits> channel = List.of(NONE, NONE, NONE, new DefaultLimits(15, 0.15, 0.85));
        List<DefaultLimits> three = List.of(NONE, NONE, drift(35), new DefaultLimits(35, 0.3, 0.75));
        List<DefaultLimits> none = List.of(NONE, NONE, NONE, NONE);
        return Stream.of(
                arguments(Quantization.llmInt8(), int8),
                arguments(Quantization.rtn(8, Quantization.PER_CHANNEL), int8),
                arguments(Quantization.gptq(8, 128), int8),
                arguments(Quantization.fp8(Granularity.TENSOR), fp8),
                arguments(Quantization.fp8(Granularity.CHANNEL), fp8),
                arguments(Quantization.fp8(Granularity.BLOCK), fp8),
                arguments(Quantization.nf4(), four),
                arguments(Quantization.nf4().doubleQuantized(), four),
                arguments(Quantization.fp4(), four),
                arguments(Quantization.awq(4, 128), four),
                arguments(Quantization.rtn(4, 32).asymmetric(), four),
                arguments(Quantization.rtn(4, Quantization.PER_CHANNEL), channel),
                arguments(Quantization.rtn(3, 128), three),
                arguments(Quantization.rtn(2, 128), none),
                // What one module loses, the model loses.
                arguments(Quantization.rtn(8, 128).dynamic("+:.*\\.down_proj$=bits:4"), four),
                arguments(Quantization.rtn(4, 128).dynamic("+:.*\\.down_proj$=bits:2"), none));
    }

    @ParameterizedTest
    @MethodSource("table")
    void eachSchemeHasItsLimitsAtEachSize(Quantization quantization, List<DefaultLimits> bySize) {
        long[][] sizes = {
            {1, DefaultLimits.SMALLEST_MODEL_PARAMETERS},
            {DefaultLimits.SMALLEST_MODEL_PARAMETERS + 1, DefaultLimits.SMALL_MODEL_PARAMETERS},
            {DefaultLimits.SMALL_MODEL_PARAMETERS + 1, DefaultLimits.MIDDLE_MODEL_PARAMETERS},
            {DefaultLimits.MIDDLE_MODEL_PARAMETERS + 1, 405_000_000_000L}
        };
        for (int i = 0; i < sizes.length; i++) {
            for (long parameters : sizes[i]) {
                assertThat(DefaultLimits.of(quantization, parameters))
                        .as("%s of %d parameters", quantization, parameters)
                        .isEqualTo(bySize.get(i));
            }
        }
        assertThat(DefaultLimits.know(quantization)).isEqualTo(!bySize.get(3).equals(NONE));
    }

    static Stream<Arguments> measured() {
        // Two published models, 2,046 tokens each: parameters, drift, KL divergence, agreement.
        long smol = 134_515_008;
        long gemma = 268_098_176;
        return Stream.of(
                arguments(Quantization.rtn(8, 64), smol, -0.1, 0.0030, 0.967),
                arguments(Quantization.llmInt8(), smol, 0.3, 0.0059, 0.955),
                arguments(Quantization.llmInt8(), gemma, 0.4, 0.0095, 0.955),
                arguments(Quantization.fp8(Granularity.CHANNEL), smol, 3.1, 0.035, 0.907),
                arguments(Quantization.gptq(4, 32), smol, 45.0, 0.469, 0.692),
                arguments(Quantization.nf4(), smol, 48.9, 0.497, 0.670),
                arguments(Quantization.rtn(4, 64), smol, 58.0, 0.65, 0.61),
                arguments(Quantization.nf4(), gemma, 149.0, 0.91, 0.64));
    }

    /** What healthy quantizations of real small models lose is within the limits. */
    @ParameterizedTest
    @MethodSource("measured")
    void healthySmallModelsKeepThem(
            Quantization quantization, long parameters, double drift, double divergence, double agreement) {
        DefaultLimits limits = DefaultLimits.of(quantization, parameters);
        assertThat(drift).isLessThanOrEqualTo(limits.driftPercent());
        assertThat(divergence).isLessThanOrEqualTo(limits.klDivergence());
        assertThat(agreement).isGreaterThanOrEqualTo(limits.topTokenAgreement());
        assertThat(limits.limitsAnything()).isEqualTo(quantization.bits() == 8);
    }

    static Stream<Arguments> stored() {
        DefaultLimits large = new DefaultLimits(8, 0.1, 0.90);
        return Stream.of(
                arguments("tiny-qwen2", Optional.empty()),
                arguments("quantized/gptq-int4-g128", Optional.of(large)),
                arguments("quantized/awq-gemm-g128", Optional.of(large)),
                arguments("quantized/unsloth-dynamic-nf4", Optional.of(large)),
                arguments("quantized/gptq-int8-channel", Optional.of(new DefaultLimits(1, 0.005, 0.97))),
                // A head of 8 bits beside layers of 4.
                arguments("quantized/gptq-lm-head", Optional.of(large)),
                arguments("quantized/gptq-int2-g32", Optional.empty()));
    }

    @ParameterizedTest
    @MethodSource("stored")
    void storedSchemesHaveThemToo(String fixture, Optional<DefaultLimits> limits) {
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path(fixture))) {
            StoredQuantization stored = StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config()));
            assertThat(DefaultLimits.of(stored, 8_000_000_000L)).isEqualTo(limits);
        }
    }

    @Test
    void theLoosestIsWhatTheVerbWarnsBeyond() {
        assertThat(DefaultLimits.loosestDriftPercent()).isEqualTo(35);
    }
}
