package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;

import io.modelassay.ModelUnderTest;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.junit.Adapter;
import io.modelassay.junit.QuantizedModel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** "RuntimeError: only Tensors of floating point dtype can require gradients", from QLoRA on a 4-bit model. */
class GradientOfIntegersTest {
    /** Packed weights are no trouble in themselves: the adapter trains beside them. One real step shows it. */
    @Test
    void theAdapterTrainsThroughPackedWeights(
            @QuantizedModel("fixture:quantized/bnb-nf4-double") ModelUnderTest model,
            @Adapter("fixture:adapters/lora-nf4") PeftAdapter adapter) {
        assertThat(model).asksGradientsOnlyOfFloatingPointTensors(adapter).isTrainableWith(adapter);
    }

    /**
     * The true cause: a gradient asked of a weight that is stored as packed bytes, here by modules_to_save, which trains a
     * copy of the whole module. The precision of the computation has nothing to do with it. (Unsloth's hook of January 2025,
     * which asked one of the token ids, is a fault of that version and in no file.)
     */
    @Test
    void aCopyOfAPackedModuleIsNamed(
            @QuantizedModel("fixture:quantized/bnb-nf4-double") ModelUnderTest model, @TempDir Path folder) {
        Path broken = Corruptor.of(Fixtures.path("adapters/lora-nf4"))
                .editJson(
                        "adapter_config.json",
                        config -> config.putArray("modules_to_save").add("o_proj"))
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(broken)) {
            assertThatThrownBy(() -> assertThat(model).isTrainableWith(adapter))
                    .hasMessageContaining("model.layers.0.self_attn.o_proj.weight is stored as U8")
                    .hasMessageContaining("only Tensors of floating point dtype can require gradients");
        }
    }
}
