package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatIllegalArgumentException;

import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.conversion.Padding;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.PackedTwin;
import io.modelassay.truth.PackedTwin.Widening;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Padding and the ranks of tensor parallelism. */
class PaddingAssertionsTest {
    @TempDir
    Path folder;

    private Models models;

    @BeforeEach
    void start() {
        models = new Models(folder.resolve("cache"));
    }

    @AfterEach
    void close() {
        models.close();
    }

    private Path padded() {
        Path out = folder.resolve("padded");
        try (Checkpoint checkpoint = Checkpoint.open(Models.QWEN)) {
            Padding.to(768).write(checkpoint, out);
        }
        return out;
    }

    @Test
    void paddedThenQuantized() {
        Path padded = padded();
        Path gptq = PackedTwin.gptq(padded, folder.resolve("gptq"), false);
        assertThat(models.open(padded)).isPaddedBeforeQuantization().isShardableAcross(4);
        assertThat(models.open(gptq)).isPaddedBeforeQuantization().isShardableAcross(2);
        assertThat(models.lastFigure().check()).isEqualTo("modules in the way of 2 ranks");
        assertThat(models.lastFigure().holds()).isTrue();
        try (Checkpoint checkpoint = Checkpoint.open(gptq)) {
            assertThat(checkpoint).isPaddedBeforeQuantization().isShardableAcross(2);
        }
    }

    @Test
    void notPadded() {
        ModelUnderTest model = models.open(Models.QWEN);
        Golden.fails(() -> assertThat(model).isPaddedBeforeQuantization(), Models.QWEN, """
                Expecting model <tiny-qwen2> to be padded before quantization
                but it is not padded: no pattern of zeros is among the 640 channels of its 4 MLPs
                  FOLDER
                Try: Padding.to(1024) on the unquantized model, for groups of 128 on 8 ranks; then quantize
                """);
        assertThat(models.lastFigure().check()).isEqualTo("padded MLP channels");
        assertThat(models.lastFigure().value()).isZero();
        assertThat(models.lastFigure().holds()).isFalse();
        assertThat(models.lastFigure().origin().toString()).isEqualTo("4 MLPs of 640 channels");
    }

    @Test
    void paddedAfterQuantization() {
        Path broken = PackedTwin.gptqWidened(Models.QWEN, folder.resolve("broken"), 768, Widening.SHORT_G_IDX);
        try (Checkpoint checkpoint = Checkpoint.open(broken)) {
            Golden.fails(() -> assertThat(checkpoint).isPaddedBeforeQuantization(), broken, """
                    Expecting checkpoint <broken> to be padded before quantization
                    but 2 findings say otherwise:
                      padded-after-quantization: model.layers.0.mlp.gate_proj: 8 packed weights, this one first, were widened after quantization: the codes of the last 128 output channels are zero words, which decode to (0 - zero point) * scale, not to 0
                      padded-after-quantization: model.layers.0.mlp.down_proj: 4 packed weights, this one first, were widened after quantization: g_idx has 640 entries, qweight [96, 256] has words for 768 input channels
                      FOLDER
                    Try: pad the 16-bit model (modelassay pad), then quantize that
                    """);
        }
    }

    @Test
    void configNotUpdated() {
        Path broken = Corruptor.of(padded())
                .named("old-config")
                .editConfig(config -> config.put("intermediate_size", 640))
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(broken)) {
            Golden.fails(() -> assertThat(checkpoint).isPaddedBeforeQuantization(), broken, """
                    Expecting checkpoint <old-config> to be padded before quantization
                    but 1 finding says otherwise:
                      padding-config-not-updated: config.json: The MLPs have 768 channels, config.json says intermediate_size 640: padded tensors under the original's config, which loaders refuse as a size mismatch
                      FOLDER
                    Try: set intermediate_size to 768
                    """);
        }
    }

    @Test
    void groupsThatDoNotDivide() {
        Path folder = Fixtures.path("quantized/gptq-int4-g128");
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            String name = String.valueOf(folder.getFileName());
            assertThat(checkpoint).isShardableAcross(1);
            Golden.fails(() -> assertThat(checkpoint).isShardableAcross(2), folder, """
                    Expecting checkpoint <NAME> to be shardable across 2 ranks
                    but 1 kind of modules does not divide:
                      model.layers.*.mlp.down_proj (4 modules): 640 / 2 = 320 input channels are no multiple of the group size 128
                    vLLM says: ValueError: The input size is not aligned with the quantized weight shape. This can be caused by too large tensor parallel size.
                    It divides among 1 rank at most
                      FOLDER
                    Try: Padding.to(768) on the unquantized model, the least that does; then quantize
                    """.replace("NAME", name));
        }
    }

    @Test
    void headsThatDoNotDivide() {
        ModelUnderTest model = models.open(Models.QWEN);
        Golden.fails(() -> assertThat(model).isShardableAcross(8), Models.QWEN, """
                Expecting model <tiny-qwen2> to be shardable across 8 ranks
                but 1 kind of modules does not divide:
                  attention heads: 4 heads do not divide among 8 ranks
                vLLM says: ValueError: Total number of attention heads (4) must be divisible by tensor parallel size (8).
                It divides among 4 ranks at most
                  FOLDER
                Try: fewer ranks, or smaller groups: padding MLPs alone does not help
                """);
        assertThat(models.lastFigure().value()).isEqualTo(1);
        assertThat(models.lastFigure().holds()).isFalse();
    }

    @Test
    void aCheckOverNothingFails() throws IOException {
        Path empty = EmptyCheckpoint.in(folder);
        try (Checkpoint checkpoint = Checkpoint.open(empty)) {
            Golden.fails(() -> assertThat(checkpoint).isShardableAcross(1), empty, """
                    Expecting checkpoint <empty> to have linear modules of known names
                    but there are none, so nothing has been checked
                      FOLDER
                    Try: the folder of a model with q_proj, o_proj, gate_proj or down_proj
                    """);
            Golden.fails(() -> assertThat(checkpoint).isPaddedBeforeQuantization(), empty, """
                    Expecting checkpoint <empty> to have MLPs of gate_proj, up_proj and down_proj
                    but there are none, so nothing has been checked
                      FOLDER
                    Try: the folder of a model of the Llama, Mistral or Qwen families
                    """);
        }
    }

    @Test
    void noRanksAtAll() {
        ModelUnderTest model = models.open(Models.QWEN);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> assertThat(model).isShardableAcross(0))
                .withMessageContaining("not 0");
    }
}
