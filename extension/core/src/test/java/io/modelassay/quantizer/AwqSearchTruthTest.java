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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
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
                        scales = expected;
                        compared[0]++;
                    }
                    compared[1] += comparedClips(search, stage, weights, scales, truth, model + "." + settings + ".");
                } finally {
                    weights.values().forEach(Tensor::close);
                }
            });
            // Under grouped-query attention v_proj does not feed o_proj channel by channel.
            assertThat(compared[0]).isEqualTo(3).isEqualTo(pairs.size());
            assertThat(compared[1]).as("linears whose clips were compared").isEqualTo(4);
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

    /** The limits of up_proj are of rows that down_proj's scales have divided, so they are left out. */
    private static int comparedClips(
            AwqSearch search,
            StagedDecoder.Stage stage,
            Map<String, Tensor> weights,
            float[] scales,
            Checkpoint truth,
            String label) {
        int compared = 0;
        Kernels kernels = search.kernels();
        try (Tensor hessian = sampled(kernels, stage);
                Tensor factors = OpenModel.engine().floats(scales)) {
            for (Map.Entry<String, Tensor> weight : weights.entrySet()) {
                String name = label + weight.getKey().substring("model.layers.0.".length()) + ".limit";
                if (truth.find(name).isPresent() && !weight.getKey().endsWith("up_proj")) {
                    try (Tensor scaled = kernels.call("columns_scaled", weight.getValue(), factors);
                            Tensor limits = kernels.call("limits_of", scaled, hessian, factors, search.options(6))) {
                        float[] expected = Truths.floats(truth, name);
                        float[] actual = kernels.floats(limits);
                        assertThat(actual).hasSameSizeAs(expected);
                        int other = 0;
                        for (int i = 0; i < expected.length; i++) {
                            other += Math.abs(actual[i] - expected[i]) > 1e-3 * expected[i] ? 1 : 0;
                        }
                        // Two limits may leave the same error up to the order of a sum.
                        assertThat(other)
                                .as("other limits of %s, of %d", name, expected.length)
                                .isLessThanOrEqualTo(expected.length / 200);
                        compared++;
                    }
                }
            }
        }
        return compared;
    }

    /** From every eighth token, which is what AutoAWQ looks at for its clips. */
    private static Tensor sampled(Kernels kernels, StagedDecoder.Stage stage) {
        List<Tensor> sum = new ArrayList<>();
        long[] tokens = {0};
        stage.inputs((windows, input) -> {
            long channels = input.shape().dimension(2);
            long[] every = LongStream.range(0, input.elements() / channels)
                    .filter(token -> token % 8 == 0)
                    .toArray();
            if (sum.isEmpty()) {
                sum.add(kernels.call("no_inputs", input));
            }
            try (Tensor flat = kernels.call("shaped", input, new long[] {-1, channels});
                    Tensor index = OpenModel.engine().longs(every);
                    Tensor some = kernels.call("gather", flat, index)) {
                kernels.call("add_inputs", sum.get(0), some).close();
            }
            tokens[0] += every.length;
        });
        try (Tensor inputs = sum.get(0)) {
            return kernels.call("completed", inputs, tokens[0]);
        }
    }

    private static float[] ones(Map<String, Tensor> weights) {
        float[] ones = new float
                [Math.toIntExact(weights.values().iterator().next().shape().dimension(1))];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static void firstLayer(Checkpoint source, ModelPlan plan, String model, StagedDecoder.Work work) {
        StoredWeights weights = new StoredWeights(
                source, Architectures.require(source.config()), Kernels.conversions(OpenModel.engine()));
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
