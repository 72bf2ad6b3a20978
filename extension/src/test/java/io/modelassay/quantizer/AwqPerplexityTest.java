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
    void isAtMostOnePercentAboveAutoAwq(String name) {
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
        double perplexity;
        double whole;
        try (ModelUnderTest model =
                ModelAssay.open(out).on(Device.CPU).computingIn(DType.FP32).load()) {
            perplexity = model.perplexity(Text.ofTokens(Truths.firstTokens(name)), new Protocol(256))
                    .value();
            whole = model.perplexity(Text.ofTokens(Truths.tokens(name)), new Protocol(256))
                    .value();
        }
        System.err.println(name + " ours " + perplexity + " " + whole + " theirs " + truth.path("perplexity") + " "
                + truth.path("whole_held_out").path("perplexity") + " rtn "
                + truth.path("rtn").path("perplexity") + " "
                + truth.path("rtn").path("whole_held_out").path("perplexity"));
        report.modules().forEach(m -> System.err.println("  " + m));
        assertThat(perplexity)
                .isLessThanOrEqualTo(1.01 * truth.path("perplexity").doubleValue());
    }

    static Calibration calibration(String name) {
        String file = Truths.json("quantizers/calibration.json")
                .path("models")
                .path(name)
                .textValue();
        return Calibration.read(Fixtures.truths("quantizers/" + file));
    }
}
