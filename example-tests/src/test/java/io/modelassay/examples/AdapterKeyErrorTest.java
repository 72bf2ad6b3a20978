package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;

import io.modelassay.ModelUnderTest;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.compatibility.Library;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.junit.Adapter;
import io.modelassay.junit.QuantizedModel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** "KeyError: base_model.model.model.layers.0.self_attn.q_proj.base_layer.weight", from PEFT on a 4-bit model. */
class AdapterKeyErrorTest {
    /**
     * Every key that PEFT looks for is there, and the adapter trains on the 4-bit base: the artifact is innocent, and turning
     * quantization off cures nothing. The key is one of the base, which no adapter holds; bitsandbytes 0.41.2 asks for it all
     * the same, and 0.41.3 does not.
     */
    @Test
    void theArtifactIsInnocent(
            @QuantizedModel("fixture:quantized/bnb-nf4-double") ModelUnderTest model,
            @Adapter("fixture:adapters/lora-nf4") PeftAdapter adapter) {
        assertThat(adapter).matchesKeysOf(model).hasOnlyFiniteWeights().isTrained();
        assertThat(model).isTrainableWith(adapter);
        assertThat(adapter).loadsIn(Library.BITSANDBYTES, "0.41.3", model.checkpoint());
        assertThatThrownBy(() -> assertThat(adapter).loadsIn(Library.BITSANDBYTES, "0.41.2", model.checkpoint()))
                .hasMessageContaining("KeyError: 'base_model.model.model.layers.0.self_attn.q_proj.base_layer.weight'")
                .hasMessageContaining("Try: bitsandbytes 0.41.3 or later, or 0.41.1");
    }

    /** A guilty one: its keys were saved from the wrapped model, with base_layer in them. */
    @Test
    void keysOfTheWrappedModelAreNamed(
            @QuantizedModel("fixture:quantized/bnb-nf4-double") ModelUnderTest model, @TempDir Path folder) {
        Path broken = Corruptor.of(Fixtures.path("adapters/lora-nf4"))
                .renameTensors("(.*)[.](lora_[AB][.]weight)", "$1.base_layer.$2")
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(broken)) {
            assertThatThrownBy(() -> assertThat(adapter).matchesKeysOf(model))
                    .hasMessageContaining("wanted base_model.model.model.layers.0.mlp.down_proj.lora_A.weight")
                    .hasMessageContaining(
                            "found base_model.model.model.layers.0.mlp.down_proj.base_layer.lora_A.weight");
        }
    }
}
