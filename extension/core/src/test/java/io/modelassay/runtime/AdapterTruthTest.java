package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.evaluation.Protocol;
import io.modelassay.truth.Truths;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What adapters make of their bases, beside the real PEFT: unmerged, in float32. */
class AdapterTruthTest {
    static List<String> adapters() {
        return AdapterTruth.names();
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void logitsAndPerplexityAreThoseOfPeft(String name) {
        AdapterTruth recorded = AdapterTruth.of(name);
        try (PeftAdapter adapter = PeftAdapter.open(recorded.folder());
                Checkpoint logits = Checkpoint.open(recorded.folder().resolve("logits.safetensors"));
                ModelUnderTest base = recorded.openBase(DType.FP32)) {
            ModelUnderTest model = base.withAdapter(adapter);
            int[] first = Arrays.copyOf(recorded.tokens(), 64);
            float[][] actual = model.logits(first);
            // PiSSA starts with a singular value decomposition, whose last digits depend on the LAPACK build.
            assertThat(Deviation.largest(Truths.floats(logits, "logits"), Arrays.copyOfRange(actual, 64 - 8, 64)))
                    .isLessThan(name.equals("lora-pissa") ? 1e-3 : 1e-4);
            assertThat(difference(actual, base.logits(first)))
                    .isCloseTo(
                            recorded.truth().path("logits").path("difference").doubleValue(), within(1e-4));
            JsonNode perplexity = recorded.truth().path("perplexity");
            assertThat(model.perplexity(
                                    Text.ofTokens(recorded.tokens()),
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
}
