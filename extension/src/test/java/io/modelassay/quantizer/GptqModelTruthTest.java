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
import io.modelassay.truth.EachModel;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Whole models, quantized with the tokens that the real GPTQModel was given, against what it made of them. */
class GptqModelTruthTest {
    private static final JsonNode TRUTH = Truths.json("quantizers/models.json");

    @TempDir
    private Path temp;

    @EachModel
    void perplexityIsThatOfGptqModel(String name) {
        for (String form : new String[] {"int4-g128", "int4-g32", "int3-g128"}) {
            JsonNode truth = truth(name, form);
            Path out = temp.resolve(form);
            quantize(name, truth.path("settings"), out);
            try (ModelUnderTest model =
                    ModelAssay.open(out).computingIn(DType.FP32).load()) {
                double perplexity = model.perplexity(Text.ofTokens(Truths.firstTokens(name)), new Protocol(256))
                        .value();
                assertThat(perplexity)
                        .as("perplexity of %s", form)
                        .isLessThan(1.01 * truth.path("perplexity").doubleValue());
            }
        }
    }

    @EachModel
    void everyModuleLosesLessThanByRounding(String name) {
        for (String form : new String[] {"int2-g32", "int3-g128", "int4-g128", "int8-g128"}) {
            JsonNode truth = truth(name, form);
            QuantizationReport report = quantize(name, truth.path("settings"), temp.resolve("of " + form));
            assertThat(report.tokens()).isEqualTo(16384);
            assertThat(report.modules()).allSatisfy(module -> {
                JsonNode recorded = truth.path("modules").path(module.module());
                assertThat(module.outputError())
                        .as("%s of %s", module.module(), form)
                        .isLessThan(recorded.path("error_rtn").doubleValue())
                        .isLessThan(1.1 * recorded.path("error").doubleValue());
            });
        }
    }

    private static JsonNode truth(String name, String form) {
        JsonNode truth = TRUTH.path("models").path(name).path("gptqmodel").path(form);
        assertThat(truth.isMissingNode()).isFalse();
        return truth;
    }

    private static QuantizationReport quantize(String name, JsonNode settings, Path out) {
        Quantization quantization = Quantization.gptq(
                settings.path("bits").intValue(), settings.path("group_size").intValue());
        String calibration = Truths.json("quantizers/calibration.json")
                .path("models")
                .path(name)
                .textValue();
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path(name))) {
            return ModelQuantizer.of(
                            checkpoint,
                            quantization,
                            Calibration.read(Fixtures.path("truths/quantizers/" + calibration)))
                    .computingIn(DType.FP32)
                    .into(out);
        }
    }
}
