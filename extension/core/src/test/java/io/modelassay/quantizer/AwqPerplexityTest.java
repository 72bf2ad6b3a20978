package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.evaluation.Protocol;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.truth.EachModel;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Models quantized with AWQ, against AutoAWQ's on the same calibration. */
class AwqPerplexityTest {
    @TempDir
    Path folder;

    @EachModel
    void isAtMostOnePercentAboveAutoAwqAndRounding(String name) {
        JsonNode truth = Truths.json("quantizers/models.json")
                .path("models")
                .path(name)
                .path("autoawq")
                .path("int4-g128");
        Path out = folder.resolve(name);
        QuantizationReport report;
        try (Checkpoint source = Checkpoint.open(Fixtures.path(name))) {
            report = ModelQuantizer.of(source, Quantization.awq(4, 128), calibration(name))
                    .on(Device.CPU)
                    .computingIn(DType.FP32)
                    .into(out);
        }
        double theirs = truth.path("perplexity").doubleValue();
        double rounding = truth.path("rtn").path("perplexity").doubleValue();
        double perplexity = perplexity(out, name);
        // On tiny-llama AutoAWQ itself is worse than rounding, so the better of the two is the measure on each model.
        assertThat(perplexity).isLessThanOrEqualTo(1.01 * Math.min(theirs, rounding));
        assertThat(report.modules())
                .allSatisfy(module -> assertThat(module.outputError())
                        .as("%s was quantized, so it loses something", module.module())
                        .isGreaterThan(1e-4));
        assertThat(report.fallbacks()).isEmpty();
        // Grouped-query attention in all four: nothing feeds o_proj channel by channel.
        assertThat(report.findings()).allSatisfy(finding -> {
            assertThat(finding.id()).isEqualTo("awq-inputs-unscaled");
            assertThat(finding.subject()).endsWith("self_attn.o_proj");
        });
        assertThat(report.modules())
                .filteredOn(module -> !module.module().endsWith("o_proj"))
                .allSatisfy(module -> assertThat(module.ratio()).isBetween(0.0, 0.95));
    }

    private static double perplexity(Path folder, String name) {
        try (ModelUnderTest model =
                ModelAssay.open(folder).on(Device.CPU).computingIn(DType.FP32).load()) {
            return model.perplexity(Text.ofTokens(Truths.firstTokens(name)), new Protocol(256))
                    .value();
        }
    }

    static Calibration calibration(String name) {
        String file = Truths.json("quantizers/calibration.json")
                .path("models")
                .path(name)
                .textValue();
        return Calibration.read(Fixtures.truths("quantizers/" + file));
    }
}
