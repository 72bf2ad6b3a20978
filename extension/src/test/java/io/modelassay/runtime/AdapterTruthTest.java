package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.evaluation.Protocol;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What adapters make of their bases, beside the real PEFT: unmerged logits and perplexity in float32. */
class AdapterTruthTest {
    /** gpt-oss has no forward pass here. */
    private static final String WITHOUT_FORWARD_PASS = "lora-target-parameters-moe";

    static List<String> adapters() {
        return PeftAdapter.inFolder(Fixtures.path("adapters")).stream()
                .map(folder -> folder.getFileName().toString())
                .filter(name -> !name.equals(WITHOUT_FORWARD_PASS))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void logitsAndPerplexityAreThoseOfPeft(String name) {
        Path folder = Fixtures.path("adapters/" + name);
        JsonNode truth = truth(folder).path("truth");
        int[] tokens = tokens(truth(folder).path("base").textValue());
        try (PeftAdapter adapter = PeftAdapter.open(folder);
                Checkpoint recorded = Checkpoint.open(folder.resolve("logits.safetensors"));
                ModelUnderTest base = ModelAssay.open(base(folder))
                        .on(Device.CPU)
                        .computingIn(DType.FP32)
                        .load()) {
            ModelUnderTest model = base.withAdapter(adapter);
            int[] first = Arrays.copyOf(tokens, 64);
            float[][] logits = model.logits(first);
            float[] expected = Truths.floats(recorded, "logits");
            assertThat(Deviation.largest(expected, Arrays.copyOfRange(logits, 64 - 8, 64)))
                    .isLessThan(name.equals("lora-pissa") ? 1e-3 : 1e-4);
            assertThat(difference(logits, base.logits(first)))
                    .isCloseTo(truth.path("logits").path("difference").doubleValue(), within(1e-4));
            JsonNode perplexity = truth.path("perplexity");
            assertThat(model.perplexity(
                                    Text.ofTokens(tokens),
                                    new Protocol(perplexity.path("window").intValue()))
                            .value())
                    .isCloseTo(perplexity.path("value").doubleValue(), withinPercentage(1e-3));
        }
    }

    private static double difference(float[][] one, float[][] other) {
        double largest = 0;
        for (int i = 0; i < one.length; i++) {
            largest = Math.max(largest, Deviation.largest(one[i], new float[][] {other[i]}));
        }
        return largest;
    }

    private static JsonNode truth(Path folder) {
        try {
            return new ObjectMapper().readTree(folder.resolve("adapter.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path base(Path folder) {
        return Fixtures.path(truth(folder).path("base").textValue());
    }

    private static int[] tokens(String base) {
        return Truths.firstTokens(base.equals("quantized/bnb-nf4-double") ? "tiny-qwen2" : base);
    }
}
