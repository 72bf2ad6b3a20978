package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;

import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NaN and infinities, stored and decoded, one at a time. */
class WeightAssertionsTest {
    private static final String DOWN = "model.layers.0.mlp.down_proj.weight";

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

    @Test
    void healthyWeightsPass() {
        assertThat(models.open(Models.QWEN)).hasNoNaNs().hasOnlyFiniteWeights();
        assertThat(models.lastFigure().holds()).isTrue();
        assertThat(models.lastFigure().origin().toString()).isEqualTo("50 tensors scanned");
        ModelUnderTest quantized = models.open(Models.QWEN, m -> m.quantize(Quantization.nf4()));
        assertThat(quantized).hasNoNaNs().hasOnlyFiniteWeights();
        assertThat(models.lastFigure().origin().toString()).isEqualTo("78 tensors scanned");
        try (Checkpoint checkpoint = Checkpoint.open(Models.QWEN)) {
            assertThat(checkpoint).hasNoNaNs().hasOnlyFiniteWeights();
        }
    }

    @Test
    void codesUnderTheLabelOfAFloatTypeAreNoNumbers() {
        Path storage = Fixtures.path("quantized/bnb-fp4-bf16-storage");
        assertThat(models.open(storage)).hasNoNaNs().hasOnlyFiniteWeights();
        try (Checkpoint checkpoint = Checkpoint.open(storage)) {
            assertThat(checkpoint).hasNoNaNs().hasOnlyFiniteWeights();
        }
    }

    @Test
    void oneNaNAmongMillionsIsFound() {
        Path broken =
                Corruptor.of(Models.QWEN).named("one-nan").setNaN(DOWN, 17).into(folder);
        ModelUnderTest model = models.open(broken);
        Golden.fails(() -> assertThat(model).hasNoNaNs(), broken, """
                Expecting model <one-nan> to have no NaN in its weights
                but 1 of 50 tensors holds NaN:
                  model.layers.0.mlp.down_proj.weight [256, 640] BF16: 1 NaN, first at index 17 [0, 17]
                  FOLDER, sha256 HASH…
                Try: convert the checkpoint again from its source; a later step does not repair it
                """);
        assertThat(models.lastFigure().holds()).isFalse();
        assertThat(models.lastFigure().value()).isEqualTo(1);
        Golden.fails(() -> assertThat(model).hasOnlyFiniteWeights(), broken, """
                Expecting model <one-nan> to have only finite weights
                but 1 of 50 tensors holds NaN or infinities:
                  model.layers.0.mlp.down_proj.weight [256, 640] BF16: 1 NaN, first at index 17 [0, 17]
                  FOLDER, sha256 HASH…
                Try: convert the checkpoint again from its source; a later step does not repair it
                """);
    }

    @Test
    void anInfinityIsNoNaN() {
        Path broken = Corruptor.of(Models.QWEN)
                .named("infinite")
                .setInfinity(DOWN, 641)
                .setValue(DOWN, 1300, Double.NEGATIVE_INFINITY)
                .setInfinity("model.norm.weight", 255)
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(broken)) {
            assertThat(checkpoint).hasNoNaNs();
            Golden.fails(() -> assertThat(checkpoint).hasOnlyFiniteWeights(), broken, """
                    Expecting checkpoint <infinite> to have only finite weights
                    but 2 of 50 tensors hold NaN or infinities:
                      model.layers.0.mlp.down_proj.weight [256, 640] BF16: 2 Inf, first at index 641 [1, 1]
                      model.norm.weight [256] BF16: 1 Inf, first at index 255 [255]
                      FOLDER, sha256 HASH…
                    Try: convert the checkpoint again from its source; a later step does not repair it
                    """);
        }
    }

    @Test
    void aNaNInATensorThatNoLayerKnowsIsFoundToo() {
        Corruptor scaled = Corruptor.of(Models.QWEN)
                .addTensor("model.layers.0.mlp.down_proj.weight_scale", "F32", 256)
                .addTensor("model.layers.1.mlp.down_proj.weight_scale", "F8_E4M3", 256);
        try (Checkpoint healthy = Checkpoint.open(scaled.named("scaled").into(folder))) {
            assertThat(healthy).hasNoNaNs().hasOnlyFiniteWeights();
        }
        Path broken = scaled.named("broken-scales")
                .setNaN("model.layers.0.mlp.down_proj.weight_scale", 200)
                .setNaN("model.layers.1.mlp.down_proj.weight_scale", 3)
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(broken)) {
            Golden.fails(() -> assertThat(checkpoint).hasNoNaNs(), broken, """
                    Expecting checkpoint <broken-scales> to have no NaN in its weights
                    but 2 of 52 tensors hold NaN:
                      model.layers.0.mlp.down_proj.weight_scale [256] F32: 1 NaN, first at index 200 [200]
                      model.layers.1.mlp.down_proj.weight_scale [256] F8_E4M3: 1 NaN, first at index 3 [3]
                      FOLDER, sha256 HASH…
                    Try: convert the checkpoint again from its source; a later step does not repair it
                    """);
        }
    }

    @Test
    void aBrokenWeightIsSeenBeforeAndAfterQuantization() {
        Path broken = Corruptor.of(Models.QWEN)
                .named("one-nan")
                .setNaN(DOWN, 700)
                .setInfinity(DOWN, 3)
                .into(folder);
        ModelUnderTest model = models.open(broken, m -> m.quantize(Quantization.rtn(4, 128)));
        Golden.fails(() -> assertThat(model).hasNoNaNs(), broken, """
                Expecting model <one-nan as int4 g128 RTN> to have no NaN in its weights
                but 2 of 50 stored and 28 decoded tensors hold NaN:
                  model.layers.0.mlp.down_proj.weight [256, 640] BF16: 1 NaN and 1 Inf, first at index 3 [0, 3]
                  model.layers.0.mlp.down_proj.weight [256, 640] F32 after decoding: 255 NaN and 1 Inf, first at index 0 [0, 0]
                  FOLDER, sha256 HASH…
                Try: convert the checkpoint again from its source; a later step does not repair it
                """);
    }

    @Test
    void whatOverflowsInDecodingAloneIsFoundThere() {
        Path large = Corruptor.of(Models.QWEN)
                .named("large")
                .setValue(DOWN, 5, 100_000)
                .into(folder);
        Quantization nf4 = Quantization.nf4();
        assertThat(models.open(large, m -> m.quantize(nf4).computingIn(DType.BF16)))
                .hasOnlyFiniteWeights();
        ModelUnderTest half = models.open(large, m -> m.quantize(nf4).computingIn(DType.FP16));
        Golden.fails(() -> assertThat(half).hasOnlyFiniteWeights(), large, """
                Expecting model <large as nf4> to have only finite weights
                but 1 of 50 stored and 28 decoded tensors holds NaN or infinities:
                  model.layers.0.mlp.down_proj.weight [256, 640] F16 after decoding: 1 Inf, first at index 5 [0, 5]
                  FOLDER, sha256 HASH…
                Try: a compute type of larger range, dtype = DType.BF16, or keep for these modules
                """);
    }

    @Test
    void onlyTheFirstFewTensorsAreListed() {
        Corruptor corruptor = Corruptor.of(Models.QWEN).named("all-norms");
        for (int layer = 0; layer < 4; layer++) {
            corruptor = corruptor
                    .setNaN("model.layers." + layer + ".input_layernorm.weight", 1)
                    .setNaN("model.layers." + layer + ".post_attention_layernorm.weight", 2);
        }
        Path broken = corruptor.into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(broken)) {
            Golden.fails(() -> assertThat(checkpoint).hasNoNaNs(), broken, """
                    Expecting checkpoint <all-norms> to have no NaN in its weights
                    but 8 of 50 tensors hold NaN:
                      model.layers.0.input_layernorm.weight [256] BF16: 1 NaN, first at index 1 [1]
                      model.layers.0.post_attention_layernorm.weight [256] BF16: 1 NaN, first at index 2 [2]
                      model.layers.1.input_layernorm.weight [256] BF16: 1 NaN, first at index 1 [1]
                      model.layers.1.post_attention_layernorm.weight [256] BF16: 1 NaN, first at index 2 [2]
                      model.layers.2.input_layernorm.weight [256] BF16: 1 NaN, first at index 1 [1]
                      and 3 more
                      FOLDER, sha256 HASH…
                    Try: convert the checkpoint again from its source; a later step does not repair it
                    """);
        }
    }
}
