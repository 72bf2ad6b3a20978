package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Deliberately broken artifacts, and what is said of them. */
class BrokenArtifactTest {
    private static final Path HEALTHY = Fixtures.path("tiny-llama");

    @TempDir
    Path folder;

    @Test
    void aSingleNaNIsFoundByTensorAndIndex() {
        Path broken = Corruptor.of(HEALTHY)
                .named("tiny-llama-with-one-nan")
                .setNaN("model.layers.2.mlp.down_proj.weight", 1234)
                .into(folder);
        try (ModelUnderTest model = ModelAssay.open(broken).load()) {
            assertThatThrownBy(() -> assertThat(model).hasNoNaNs())
                    .hasMessageContaining("model.layers.2.mlp.down_proj.weight")
                    .hasMessageContaining("at index 1234 [2, 210]");
        }
    }

    @Test
    void aMissingTensorIsNamed() {
        Path broken = Corruptor.of(HEALTHY)
                .removeTensor("model.layers.1.self_attn.o_proj.weight")
                .into(folder);
        try (ModelUnderTest model = ModelAssay.open(broken).load()) {
            assertThatThrownBy(() -> assertThat(model).hasNoMissingKeys())
                    .hasMessageContaining("model.layers.1.self_attn.o_proj.weight");
        }
    }

    @Test
    void anIncompleteDownloadIsNamed() {
        Path broken = Corruptor.of(HEALTHY).truncateLastFile(4096).into(folder);
        assertThatThrownBy(() -> ModelAssay.open(broken).load())
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.safetensors");
    }

    @Test
    void aQuantizationThatCostsTooMuchIsAttributedToAModule() {
        Text text = Text.of("src/test/resources/held-out.txt");
        try (ModelUnderTest model =
                ModelAssay.open(HEALTHY).quantize(Quantization.rtn(2, 128)).load()) {
            assertThatThrownBy(() -> assertThat(model).hasPerplexityDriftAtMost(withPercentage(3), text))
                    .hasMessageContaining("to have perplexity drift of at most 3.00 % against <tiny-llama (bf16)>")
                    .hasMessageContaining("Largest share: model.layers.");
        }
    }
}
