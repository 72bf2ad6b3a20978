package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.junit.QuantizedModel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Artifacts that are quantized already, as users publish them, against the models they were made from. */
class PublishedQuantizationTest {
    private static final Text TEXT = Text.of("src/test/resources/held-out.txt");

    @Test
    void awqDecodesToTheModelItWasMadeFrom(
            @QuantizedModel(value = "fixture:quantized/awq-gemm-g128", reference = "fixture:tiny-qwen2")
                    ModelUnderTest model) {
        assertThat(model)
                .hasNoMissingKeys()
                .hasNoUnexpectedKeys()
                .hasOnlyFiniteWeights()
                .hasSaneWeights()
                .hasPerplexityDriftAtMost(withPercentage(6), TEXT);
    }

    /** A loader warns of every one of these biases. They are zero, so nothing is lost. */
    @Test
    void pagesOfBiasWarningsAreBenign(@QuantizedModel("fixture:quantized/gptq-zero-bias") ModelUnderTest model) {
        assertThat(model.unusedBiases()).isNotEmpty();
        assertThat(model).hasOnlyBenignBiasWarnings();
    }

    @Test
    void aBiasThatIsNotZeroIsNot(@TempDir Path folder) {
        Path broken = Corruptor.of(Fixtures.path("quantized/gptq-zero-bias"))
                .fill("model.layers.0.self_attn.o_proj.bias", 0.25)
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(broken)) {
            assertThatThrownBy(() -> assertThat(checkpoint).hasOnlyBenignBiasWarnings())
                    .hasMessageContaining("model.layers.0.self_attn.o_proj.bias [256]: max |b| 0.2500");
        }
    }

    /** Dynamic 4-bit: what must stay in full precision has the very bytes of the original. */
    @Test
    void sensitiveModulesAreLeftAlone(
            @QuantizedModel(value = "fixture:quantized/unsloth-dynamic-nf4", reference = "fixture:tiny-qwen2")
                    ModelUnderTest model) {
        assertThat(model)
                .keepsInFullPrecision("model.layers.2", "model.layers.3")
                .keepsByteEqualToReference("model.layers.2", "model.layers.3", "model.embed_tokens")
                .asksGradientsOnlyOfFloatingPointTensors();
    }

    /** Nothing crashes when zero points are read in the wrong format; every weight is off by one step. */
    @Test
    void zeroPointsReadInTheWrongFormatAreNamed(@TempDir Path folder) {
        Path broken = Corruptor.of(Fixtures.path("quantized/gptq-v2-int4-g64-asym"))
                .editJson(
                        "config.json",
                        config -> ((ObjectNode) config.get("quantization_config")).put("checkpoint_format", "gptq"))
                .into(folder);
        try (ModelUnderTest model =
                ModelAssay.open(broken).against(Fixtures.path("tiny-mistral")).load()) {
            assertThatThrownBy(() -> assertThat(model).hasSaneWeights()).hasMessageContaining("zero-point-shifted");
        }
    }
}
