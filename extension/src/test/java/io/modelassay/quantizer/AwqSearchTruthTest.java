package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.AwqSettings;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.StagedDecoder;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.Tensor;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ratios, scales and clips of a first layer, against those that AutoAWQ chose for the same inputs. */
class AwqSearchTruthTest {
    private static final JsonNode TRUTH =
            Truths.json("quantizers/awq-units.json").path("cases");

    @ParameterizedTest
    @CsvSource({"tiny-llama, duo", "tiny-llama, plain", "tiny-qwen2, duo", "tiny-qwen2, plain"})
    void findsWhatAutoAwqFinds(String model, String settings) {
        AwqSettings awq = settings.equals("duo") ? AwqSettings.DEFAULT : AwqSettings.DEFAULT.withoutDuoScaling();
        Map<String, JsonNode> pairs = new TreeMap<>();
        TRUTH.path(model + "." + settings)
                .path("pairs")
                .forEach(pair -> pairs.put(pair.path("producer").textValue(), pair));
        try (Checkpoint source = Checkpoint.open(Fixtures.path(model));
                Checkpoint truth = Truths.tensors("quantizers/awq-units.safetensors");
                AwqSearch search = new AwqSearch(Quantization.awq(4, 128).with(awq), OpenModel.engine())) {
            ModelPlan plan = Architectures.require(source.config());
            int[] compared = {0, 0};
            firstLayer(source, plan, model, stage -> {
                String producer = stage.producer().substring("model.layers.0.".length());
                Map<String, Tensor> weights = new LinkedHashMap<>();
                stage.modules().forEach(module -> weights.put(module, stage.weight(module)));
                try (AwqSearch.Inputs inputs = search.inputs(stage)) {
                    float[] scales = ones(weights);
                    if (pairs.containsKey(producer)) {
                        AwqSearch.Found found = search.search(stage, inputs, weights);
                        assertLosses(pairs.get(producer), found);
                        try (Tensor chosen = found.scales()) {
                            scales = search.kernels().floats(chosen);
                        }
                        float[] expected = Truths.floats(truth, model + "." + settings + "." + producer + ".scales");
                        assertThat(SmoothQuantTest.worst(expected, scales))
                                .as("relative difference of the scales of %s", producer)
                                .isLessThan(1e-4);
                        compared[0]++;
                    }
                } finally {
                    weights.values().forEach(Tensor::close);
                }
            });
            // Under grouped-query attention v_proj does not feed o_proj channel by channel.
            assertThat(compared[0]).isEqualTo(3).isEqualTo(pairs.size());
        }
    }

    private static void assertLosses(JsonNode pair, AwqSearch.Found found) {
        assertThat(found.ratio()).isEqualTo(pair.path("ratio").doubleValue());
        double best =
                pair.path("losses").path((int) Math.round(20 * found.ratio())).doubleValue();
        assertThat(found.loss()).isCloseTo(best, Percentage.withPercentage(0.1));
        for (int step = 0; step < 20; step++) {
            // A ratio that gave up has an estimate.
            assertThat(found.losses().get(step))
                    .as("loss at step %d", step)
                    .isCloseTo(pair.path("losses").path(step).doubleValue(), Percentage.withPercentage(25));
        }
    }

    private static float[] ones(Map<String, Tensor> weights) {
        float[] ones = new float
                [Math.toIntExact(weights.values().iterator().next().shape().dimension(1))];
        java.util.Arrays.fill(ones, 1);
        return ones;
    }

    private static void firstLayer(Checkpoint source, ModelPlan plan, String model, StagedDecoder.Work work) {
        StoredWeights weights = new StoredWeights(source, Kernels.conversions(OpenModel.engine()));
        List<int[]> windows = AwqPerplexityTest.calibration(model).first(16).windows();
        new StagedDecoder(OpenModel.engine(), plan, weights, DType.FP32)
                .run(
                        windows,
                        1L << 30,
                        stage -> {
                            if (stage.layer() == 0) {
                                work.at(stage);
                            }
                        },
                        Progress.SILENT);
    }
}
