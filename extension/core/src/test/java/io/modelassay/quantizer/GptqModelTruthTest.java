package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.evaluation.Protocol;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.truth.EachModel;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models, quantized with the tokens that the real GPTQModel was given, against what it made of them. */
class GptqModelTruthTest {
    private static final JsonNode TRUTH = Truths.json("quantizers/models.json");

    @TempDir
    private Path temp;

    /** Each form once a model: its perplexity, and what every module loses. An unquantized output would lose nothing. */
    @EachModel
    void isAsGoodAsGptqModelAndBetterThanRounding(String name) {
        for (String form : new String[] {"int2-g32", "int3-g128", "int4-g32", "int4-g128", "int8-g128"}) {
            JsonNode truth = truth(name, form);
            Path out = temp.resolve(form);
            QuantizationReport report = quantize(name, truth.path("settings"), out);
            assertThat(report.tokens()).isEqualTo(16384);
            assertThat(report.modules()).hasSize(truth.path("modules").size());
            if (truth.path("settings").path("bits").intValue() > 2) {
                assertThat(report.modules()).allSatisfy(module -> losesAsMuch(module, form, truth));
                perplexityIsTheirs(out, name, form, truth);
            } else {
                losesAsMuchOnTheWhole(report.modules(), form, truth);
            }
        }
    }

    /** At 2 bits one module moves by a tenth with the order in which sums are taken, the mean of all by a hundredth. */
    private static void losesAsMuchOnTheWhole(List<ModuleReport> modules, String form, JsonNode truth) {
        double sum = 0;
        for (ModuleReport module : modules) {
            JsonNode recorded = truth.path("modules").path(module.module());
            assertThat(module.outputError())
                    .as("%s of %s", module.module(), form)
                    .isLessThan(recorded.path("error_rtn").doubleValue());
            sum += module.outputError() / recorded.path("error").doubleValue();
        }
        assertThat(sum / modules.size()).as("mean error of %s", form).isBetween(0.9, 1.03);
    }

    private static void losesAsMuch(ModuleReport module, String form, JsonNode truth) {
        JsonNode recorded = truth.path("modules").path(module.module());
        double theirs = recorded.path("error").doubleValue();
        assertThat(module.outputError())
                .as("%s of %s", module.module(), form)
                .isLessThan(recorded.path("error_rtn").doubleValue())
                .isBetween(0.5 * theirs, 1.1 * theirs);
    }

    /** Two-sided: what is better by more than GPTQ can be has not been quantized. */
    private static void perplexityIsTheirs(Path out, String name, String form, JsonNode truth) {
        double theirs = truth.path("perplexity").doubleValue();
        try (ModelUnderTest model = ModelAssay.open(out).computingIn(DType.FP32).load()) {
            double perplexity = model.perplexity(Text.ofTokens(Truths.firstTokens(name)), new Protocol(256))
                    .value();
            assertThat(perplexity).as("perplexity of %s", form).isBetween(0.9 * theirs, 1.01 * theirs);
        }
    }

    /** Rules and the head: every module by the settings that GPTQModel gave it, in an artifact as good as its. */
    @ParameterizedTest
    @ValueSource(strings = {"int4-g128-dynamic-head", "int4-g128-head4"})
    void rulesAndTheHeadAreThoseOfGptqModel(String form) {
        JsonNode truth = truth("tiny-llama", form);
        List<String> rules = new ArrayList<>();
        for (JsonNode rule : truth.path("settings").path("dynamic")) {
            List<String> overrides = new ArrayList<>();
            rule.path(1).properties().forEach(entry -> overrides.add(entry.getKey() + ":" + entry.getValue()));
            rules.add(rule.path(0).textValue() + (overrides.isEmpty() ? "" : "=" + String.join(",", overrides)));
        }
        // The rule that GPTQModel adds for the head is left to us.
        rules.removeIf(rule -> rule.startsWith("lm_head=bits:8"));
        Quantization quantization =
                Quantization.gptq(4, 128).dynamic(rules.toArray(String[]::new)).withHead();
        assertThat(quantization.dynamic())
                .hasSize(truth.path("settings").path("dynamic").size());
        Path out = temp.resolve(form);
        QuantizationReport report = quantize("tiny-llama", quantization, out);
        assertThat(report.modules()).hasSize(truth.path("modules").size()).allSatisfy(module -> {
            JsonNode recorded = truth.path("modules").path(module.module());
            JsonNode settings = recorded.path("settings");
            Quantization own = quantization.forModule(module.module()).orElseThrow();
            assertThat(module.bits()).isEqualTo(settings.path("bits").intValue());
            assertThat(module.groupSize()).isEqualTo(settings.path("group_size").intValue());
            assertThat(own.symmetric()).isEqualTo(settings.path("sym").booleanValue());
            assertThat(own.gptqSettings().searchesGrid())
                    .isEqualTo(settings.path("mse").doubleValue() > 0);
            assertThat(own.gptqSettings().order() == GptqSettings.Order.ACT_ORDER)
                    .isEqualTo(settings.path("desc_act").booleanValue());
            assertThat(own.gptqSettings().order() == GptqSettings.Order.GROUP_AWARE)
                    .isEqualTo(settings.path("act_group_aware").booleanValue());
            assertThat(module.damping()).isCloseTo(settings.path("damp_percent").doubleValue(), within(1e-9));
            losesAsMuch(module, form, truth);
        });
        perplexityIsTheirs(out, "tiny-llama", form, truth);
    }

    private static JsonNode truth(String name, String form) {
        JsonNode truth = TRUTH.path("models").path(name).path("gptqmodel").path(form);
        assertThat(truth.isMissingNode()).isFalse();
        return truth;
    }

    private static QuantizationReport quantize(String name, JsonNode settings, Path out) {
        return quantize(
                name,
                Quantization.gptq(
                        settings.path("bits").intValue(),
                        settings.path("group_size").intValue()),
                out);
    }

    private static QuantizationReport quantize(String name, Quantization quantization, Path out) {
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
