package io.modelassay.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
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
import java.util.Map;
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
        JsonNode truth = Truths.json("quantization/perplexity.json")
                .path("models")
                .path(name)
                .path("perplexity");
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
    void print(String name) {
        over(name)
                .forEach((method, c) -> System.out.printf(
                        "%s %s ref %.5f ppl %.5f drift %.4f +- %.4f %% KL %.6f +- %.6f top1 %.4f%n",
                        name,
                        method,
                        c.reference().value(),
                        c.subject().value(),
                        c.driftPercent(),
                        c.driftStandardError(),
                        c.klDivergence().mean(),
                        c.klDivergence().standardError(),
                        c.topTokenAgreement().mean()));
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
