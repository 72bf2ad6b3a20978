package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.evaluation.Protocol;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.truth.OpenModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Merged weights beside those of {@code merge_and_unload} of the real PEFT. */
class MergedAdapterTruthTest {
    static List<String> adapters() {
        return AdapterTruth.names();
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void mergedWeightsAreThoseOfPeft(String name) {
        AdapterTruth recorded = AdapterTruth.of(name);
        try (PeftAdapter adapter = PeftAdapter.open(recorded.folder());
                Checkpoint checkpoint = Checkpoint.open(recorded.base())) {
            ModelPlan model = Architectures.require(checkpoint.config());
            TorchEngine engine = OpenModel.engine();
            try (Weights base = new DecodedWeights(
                    new StoredWeights(
                            checkpoint, Architectures.require(checkpoint.config()), Kernels.conversions(engine)),
                    checkpoint,
                    StoredQuantization.of(checkpoint, Optional.of(model)),
                    engine)) {
                AdapterPlan plan = AdapterPlan.of(adapter, model);
                Weights merged = new MergedWeights(new AdaptedWeights(base, plan, model, engine), plan, engine);
                List<String> changed = new ArrayList<>();
                for (Parameter parameter : model.parameters()) {
                    JsonNode truth = recorded.truth().path("merged").path(parameter.name());
                    if (!truth.isMissingNode()) {
                        changed.add(parameter.name());
                        check(parameter, truth, merged, base, name.equals("lora-pissa") ? 2e-6 : 1e-6);
                    }
                }
                assertThat(changed).hasSize(recorded.truth().path("merged").size());
            }
        }
    }

    private static void check(Parameter parameter, JsonNode truth, Weights merged, Weights base, double tolerance) {
        float[] actual = floats(merged, parameter);
        float[] before = floats(base, parameter);
        truth.path("samples")
                .forEach(sample -> assertThat((double) actual[sample.get(0).intValue()])
                        .as(parameter.name() + " at " + sample.get(0))
                        .isCloseTo(sample.get(1).doubleValue(), within(tolerance)));
        double squares = 0;
        for (int i = 0; i < actual.length; i++) {
            double difference = (double) actual[i] - before[i];
            squares += difference * difference;
        }
        assertThat(Math.sqrt(squares))
                .as(parameter.name())
                .isCloseTo(truth.path("frobenius").doubleValue(), withinPercentage(0.01));
    }

    private static float[] floats(Weights weights, Parameter parameter) {
        try (Tensor tensor = weights.load(parameter, DType.FP32)) {
            return Kernels.conversions(OpenModel.engine()).floats(tensor);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lora-qv",
                "lora-embedding",
                "lora-embedding-tied",
                "lora-lm-head",
                "lora-modules-to-save",
                "lora-trainable-tokens-tied",
                "lora-lora-bias",
                "lora-norms-to-save",
                "ia3",
                "boft"
            })
    void theMergedModelComputesAsTheMergedModelOfPeft(String name) {
        AdapterTruth recorded = AdapterTruth.of(name);
        try (PeftAdapter adapter = PeftAdapter.open(recorded.folder());
                ModelUnderTest base = recorded.openBase(DType.FP32)) {
            assertThat(base.withMergedAdapter(adapter)
                            .perplexity(Text.ofTokens(recorded.tokens()), new Protocol(256))
                            .value())
                    .isCloseTo(
                            recorded.truth()
                                    .path("perplexity")
                                    .path("merged_value")
                                    .doubleValue(),
                            withinPercentage(1e-3));
        }
    }

    /** bitsandbytes computes with other kernels in bfloat16, so perplexities are near, and the weights themselves equal. */
    @ParameterizedTest
    @ValueSource(strings = {"lora-nf4", "dora-nf4"})
    void mergingIntoNf4QuantizesAgainAsBitsandbytesDoes(String name) {
        AdapterTruth recorded = AdapterTruth.of(name);
        JsonNode truth = recorded.truth().path("native");
        try (PeftAdapter adapter = PeftAdapter.open(recorded.folder());
                ModelUnderTest base = recorded.openBase(DType.BF16)) {
            Text text = Text.ofTokens(recorded.tokens());
            assertThat(base.withAdapter(adapter)
                            .perplexity(text, new Protocol(256))
                            .value())
                    .isCloseTo(truth.path("perplexity").doubleValue(), withinPercentage(0.5));
            assertThat(base.withMergedAdapter(adapter)
                            .perplexity(text, new Protocol(256))
                            .value())
                    .isCloseTo(truth.path("merged_perplexity").doubleValue(), withinPercentage(0.5));
        }
    }

    @Test
    void whatNothingQuantizesAgainIsRefused() {
        try (PeftAdapter adapter =
                        PeftAdapter.open(AdapterTruth.of("lora-all-linear").folder());
                ModelUnderTest model = ModelAssay.open(Fixtures.path("quantized/gptq-int4-g128"))
                        .on(Device.CPU)
                        .load()) {
            RuntimeFailure failure = catchThrowableOfType(RuntimeFailure.class, () -> model.withMergedAdapter(adapter));
            assertThat(failure.id()).isEqualTo("not-mergeable");
            assertThat(failure)
                    .hasMessageContaining(".weight, stored as gptq")
                    .hasMessageContaining("Try: merge it into the float base and quantize the result");
            assertThat(model.withAdapter(adapter).name()).isEqualTo("gptq-int4-g128 with lora-all-linear");
        }
    }
}
