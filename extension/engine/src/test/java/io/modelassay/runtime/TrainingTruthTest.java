package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loss and gradients of adapters beside those of the real PEFT: one batch in float32. */
class TrainingTruthTest {
    private static final JsonNode TRUTH = read();
    private static final int WINDOW = 64;

    static Set<String> adapters() {
        Set<String> names = new TreeSet<>();
        TRUTH.path("adapters").fieldNames().forEachRemaining(names::add);
        return names;
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void lossAndGradientsAreThoseOfPeft(String name) {
        JsonNode truth = TRUTH.path("adapters").path(name);
        String base = truth.path("base").textValue();
        int[] tokens = Truths.firstTokens(base.equals("bnb-nf4-double") ? "tiny-qwen2" : base);
        List<int[]> windows = List.of(Arrays.copyOf(tokens, WINDOW), Arrays.copyOfRange(tokens, WINDOW, 2 * WINDOW));
        String folder = base.startsWith("tiny") ? base : "quantized/" + base;
        try (OpenModel open = OpenModel.decoded(Fixtures.path(folder), DType.FP32);
                PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/" + name))) {
            LanguageModel model = open.language();
            AdapterPlan plan = AdapterPlan.of(adapter, model.plan());
            TrainingPass pass = new TrainingPass(model, plan);
            try (Gradients gradients = pass.gradients(windows)) {
                assertThat(gradients.loss()).isCloseTo(truth.path("loss").doubleValue(), withinPercentage(1e-3));
                assertThat(pass.loss(windows)).isEqualTo(gradients.loss());
                assertThat(gradients.recomputation()).isLessThan(1e-6);
                assertThat(pass.changedWeights()).isEmpty();
                assertThat(gradients.measures().keySet())
                        .isEqualTo(plan.trained().keySet())
                        .containsExactlyInAnyOrderElementsOf(
                                () -> truth.path("gradients").fieldNames());
                for (Map.Entry<String, JsonNode> expected :
                        truth.path("gradients").properties()) {
                    check(adapter, gradients, expected.getKey(), expected.getValue());
                }
            }
        }
    }

    private static void check(PeftAdapter adapter, Gradients gradients, String name, JsonNode expected) {
        double norm = expected.get(0).doubleValue();
        Gradients.Measure measure = gradients.measures().get(name);
        assertThat(measure.norm()).as(name).isCloseTo(norm, withinPercentage(0.1));
        assertThat(measure.nonFinite()).isZero();
        float[] values = gradients.values(name);
        TensorInfo tensor = adapter.weights().tensor(name);
        assertThat(values).hasSize((int) tensor.shape().elementCount());
        for (int i = 1; i < expected.size(); i++) {
            int index = expected.get(i).get(0).intValue();
            assertThat((double) values[index])
                    .as(name + " at " + index)
                    .isCloseTo(expected.get(i).get(1).doubleValue(), within(1e-3 * norm));
        }
    }

    private static JsonNode read() {
        try {
            return new ObjectMapper()
                    .readTree(Fixtures.truths("adapter-training.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
