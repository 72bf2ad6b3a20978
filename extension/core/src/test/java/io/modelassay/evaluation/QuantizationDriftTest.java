package io.modelassay.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Progress;
import io.modelassay.truth.EachModel;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What quantizations cost, from the mildest to the harshest, over the held-out text. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QuantizationDriftTest {
    private static final Protocol WINDOWS = new Protocol(256);

    /** The recorded methods, mildest first. */
    private static final Map<String, Quantization> LADDER = new LinkedHashMap<>();

    static {
        LADDER.put("int8-channel-sym", Quantization.rtn(8, Quantization.PER_CHANNEL));
        LADDER.put("nf4", Quantization.nf4());
        LADDER.put("int4-g128-sym", Quantization.rtn(4, 128));
        LADDER.put("int3-g128-sym", Quantization.rtn(3, 128));
        LADDER.put("int2-g128-sym", Quantization.rtn(2, 128));
    }

    private final Map<String, Map<String, Comparison>> comparisons = new LinkedHashMap<>();
    private final Evaluator evaluator;

    QuantizationDriftTest(@TempDir Path folder) {
        this.evaluator = new Evaluator(ReferenceCache.in(folder), Progress.SILENT, Recorder.NONE);
    }

    @EachModel
    void quantizedPerplexityIsTheRecordedOne(String name) {
        JsonNode truth = recorded(name).path("perplexity");
        Text text = Text.ofTokens(Truths.firstTokens(name));
        LADDER.forEach((method, quantization) -> {
            try (ModelUnderTest model = open(name, quantization)) {
                assertThat(model.perplexity(text, WINDOWS).value())
                        .as(method)
                        .isCloseTo(truth.path(method).doubleValue(), withinPercentage(1e-3));
            }
        });
    }

    @EachModel
    void driftOverTheWholeTextIsTheRecordedOne(String name) {
        JsonNode truth = recorded(name).path("whole_held_out");
        over(name).forEach((method, comparison) -> {
            assertThat(comparison.reference().value())
                    .isCloseTo(truth.path("none").path("perplexity").doubleValue(), withinPercentage(1e-3))
                    .isCloseTo(
                            Truths.json(name + "/perplexity.json")
                                    .path("whole_held_out_fp32")
                                    .path("perplexity")
                                    .doubleValue(),
                            withinPercentage(1e-3));
            assertThat(comparison.subject().value())
                    .as(method)
                    .isCloseTo(truth.path(method).path("perplexity").doubleValue(), withinPercentage(1e-3));
            // Recorded as the change of the mean log-likelihood and its standard error.
            double ratio = Math.exp(truth.path(method).path("nll_change").doubleValue());
            assertThat(comparison.driftPercent()).as(method).isCloseTo(100 * (ratio - 1), within(1e-3));
            assertThat(comparison.driftStandardError())
                    .as(method)
                    .isCloseTo(
                            100
                                    * ratio
                                    * truth.path(method).path("standard_error").doubleValue(),
                            withinPercentage(1));
        });
    }

    @EachModel
    void divergenceGrowsWithEveryStep(String name) {
        Comparison before = null;
        for (Map.Entry<String, Comparison> step : over(name).entrySet()) {
            Comparison comparison = step.getValue();
            if (before != null) {
                double uncertainty = Math.hypot(
                        comparison.klDivergence().standardError(),
                        before.klDivergence().standardError());
                assertThat(comparison.klDivergence().mean())
                        .as("KL divergence of %s", step.getKey())
                        .isGreaterThan(before.klDivergence().mean() + 5 * uncertainty);
                assertThat(comparison.topTokenAgreement().mean())
                        .as("agreement of %s", step.getKey())
                        .isLessThan(before.topTokenAgreement().mean());
            }
            before = comparison;
        }
    }

    /** On one small model the two kinds of 4 bits may change places: their drifts differ by less than they are uncertain. */
    @EachModel
    void perplexityGrowsWithEveryNumberOfBits(String name) {
        Map<String, Comparison> steps = over(name);
        assertThat(drift(steps, "int8-channel-sym"))
                .isLessThan(Math.min(drift(steps, "nf4"), drift(steps, "int4-g128-sym")));
        assertThat(drift(steps, "int3-g128-sym"))
                .isGreaterThan(Math.max(drift(steps, "nf4"), drift(steps, "int4-g128-sym")))
                .isLessThan(drift(steps, "int2-g128-sym"));
        double uncertainty = Math.hypot(
                steps.get("nf4").driftStandardError(),
                steps.get("int4-g128-sym").driftStandardError());
        assertThat(drift(steps, "nf4")).isLessThan(drift(steps, "int4-g128-sym") + 2 * uncertainty);
    }

    @Test
    void perplexityGrowsWithEveryStepOverAllModels() {
        List<Double> means = LADDER.keySet().stream()
                .map(method -> EachModel.NAMES.stream()
                        .mapToDouble(name -> drift(over(name), method))
                        .average()
                        .orElseThrow())
                .toList();
        assertThat(means)
                .isSorted()
                .doesNotHaveDuplicates()
                .first()
                .satisfies(mildest -> assertThat(mildest).isLessThan(0.05));
    }

    private static double drift(Map<String, Comparison> steps, String method) {
        return steps.get(method).driftPercent();
    }

    private static JsonNode recorded(String name) {
        return Truths.json("quantization/perplexity.json").path("models").path(name);
    }

    private Map<String, Comparison> over(String name) {
        return comparisons.computeIfAbsent(name, unused -> {
            Text text = Text.ofTokens(Truths.tokens(name));
            Map<String, Comparison> results = new LinkedHashMap<>();
            LADDER.forEach((method, quantization) -> {
                try (ModelUnderTest model = open(name, quantization)) {
                    results.put(method, model.comparison(text, WINDOWS));
                }
            });
            return results;
        });
    }

    private ModelUnderTest open(String name, Quantization quantization) {
        return ModelAssay.open(Fixtures.path(name))
                .quantize(quantization)
                .on(Device.CPU)
                .computingIn(DType.FP32)
                .load(evaluator);
    }
}
