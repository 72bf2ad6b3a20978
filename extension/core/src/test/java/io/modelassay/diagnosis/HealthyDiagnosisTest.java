package io.modelassay.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantizer.Calibration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that every method and setting may be used on, and artifacts that are quantized well. */
class HealthyDiagnosisTest {
    private static final Calibration CALIBRATION = Calibration.read(
                    Fixtures.path("truths/quantizers/calibration-bos.json"))
            .first(8);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tiny-qwen2",
                "tiny-qwen3",
                "tiny-llama",
                "tiny-mistral",
                "quantized/gptq-int4-g128",
                "quantized/awq-gemm-g64",
                "quantized/bnb-nf4-double",
                "quantized/fp8-block"
            })
    void everySettingIsClean(String fixture) {
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path(fixture))) {
            Diagnosis diagnosis = Diagnosis.of(checkpoint, CALIBRATION);
            assertThat(diagnosis.findings())
                    .allSatisfy(finding -> assertThat(finding.severity()).isEqualTo(Finding.Severity.INFO));
            assertThat(diagnosis.passes())
                    .hasSize(3)
                    .allSatisfy(pass -> assertThat(pass.isClean()).isTrue());
            assertThat(diagnosis.settings()).hasSize(138);
            assertThat(diagnosis.settings().values())
                    .allSatisfy(causes -> assertThat(causes).isEmpty());
            assertThat(diagnosis.layers())
                    .hasSameSizeAs(diagnosis.attentionScores())
                    .allSatisfy(layer -> assertThat(layer.headRoomBits()).isBetween(3.0, 16.0));
        }
    }
}
