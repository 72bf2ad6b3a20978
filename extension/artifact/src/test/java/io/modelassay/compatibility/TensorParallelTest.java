package io.modelassay.compatibility;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.truth.SmallCheckpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorParallelTest {
    /** Qwen2-72B by its config, with the given size of its MLPs. */
    private static TensorParallel qwen72(int intermediateSize) {
        String config = """
                {"model_type": "qwen2", "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64,
                 "num_key_value_heads": 8, "intermediate_size": %d, "vocab_size": 152064, "tie_word_embeddings": false}""".formatted(intermediateSize);
        return TensorParallel.of(ModelConfig.parse("config.json", config));
    }

    private static TensorParallel stored(Path folder) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return TensorParallel.of(
                    checkpoint, StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config())));
        }
    }

    private static TensorParallel variant(String name) {
        return stored(Fixtures.path("quantized/" + name));
    }

    @ParameterizedTest
    @CsvSource({
        "29568, 4, 128, 1",
        "29568, 4, 64, 2",
        "29568, 4, 32, 4",
        "29568, 8, 128, 1",
        "29696, 4, 128, 8",
        "29696, 8, 128, 8",
        "29696, 3, 128, 8"
    })
    void sizesOfQwen2With72BillionParameters(int intermediateSize, int bits, int group, int largest) {
        TensorParallel planned = qwen72(intermediateSize).quantizedTo(bits, group);
        assertThat(planned.largest()).isEqualTo(largest);
        assertThat(planned.sizes())
                .isEqualTo(
                        List.of(1, 2, 4, 8).stream().filter(n -> n <= largest).toList());
    }

    @Test
    void theLeastPaddingOfQwen2With72BillionParameters() {
        TensorParallel g128 = qwen72(29568).quantizedTo(4, 128);
        assertThat(g128.intermediateSizeFor(1)).hasValue(29568);
        assertThat(g128.intermediateSizeFor(2)).hasValue(29696);
        assertThat(g128.intermediateSizeFor(8)).hasValue(29696);
        assertThat(g128.intermediateSizeFor(16)).hasValue(30720);
        assertThat(qwen72(29568).quantizedTo(4, 32).intermediateSizeFor(8)).hasValue(29696);
        assertThat(qwen72(29568).quantizedTo(4, 32).intermediateSizeFor(4)).hasValue(29568);
        assertThat(g128.intermediateSizeFor(3)).isEqualTo(OptionalLong.empty());
    }

    @Test
    void theObstacleHasTheArithmeticAndVllmsOwnWords() {
        TensorParallel planned = qwen72(29568).quantizedTo(4, 128);
        assertThat(planned.modules()).isEqualTo(80 * 4);
        assertThat(planned.obstacles(8)).singleElement().satisfies(obstacle -> {
            assertThat(obstacle)
                    .hasToString("model.layers.*.mlp.down_proj (80 modules): 29568 / 8 = 3696 input channels are no"
                            + " multiple of the group size 128");
            assertThat(obstacle.message())
                    .isEqualTo("ValueError: The input size is not aligned with the quantized weight shape. This can be"
                            + " caused by too large tensor parallel size.");
        });
        assertThat(planned.obstacles(7)).hasSize(4);
        assertThat(qwen72(29568).sizes()).containsExactly(1, 2, 4, 8, 16);
    }

    @Test
    void marlinIsANoteAndNoObstacle() {
        assertThat(qwen72(29568).quantizedTo(4, 64).notes(2))
                .containsExactly(
                        "model.layers.*.mlp.down_proj is not for Marlin kernels: Weight input_size_per_partition"
                                + " = 14784 is not divisible by min_thread_k = 128.");
        assertThat(qwen72(29696).quantizedTo(4, 128).notes(8)).isEmpty();
        assertThat(qwen72(29568).quantizedTo(4, 128).notes(8)).isEmpty();
    }

    @Test
    void headsOfQwen2With7BillionParameters() {
        TensorParallel plan = TensorParallel.of(ModelConfig.parse("config.json", """
                {"model_type": "qwen2", "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
                 "num_key_value_heads": 4, "intermediate_size": 18944, "vocab_size": 152064}"""));
        assertThat(plan.sizes()).containsExactly(1, 2, 4);
        assertThat(plan.obstacles(8))
                .extracting(TensorParallel.Obstacle::message)
                .containsExactly(
                        "ValueError: Total number of attention heads (28) must be divisible by tensor parallel size (8).");
        // Each of 4 heads of keys and values on 2 of 8 ranks would do.
        assertThat(plan.obstacles(3))
                .extracting(TensorParallel.Obstacle::module)
                .contains("attention heads", "key and value heads");
    }

    @ParameterizedTest
    @CsvSource({
        "gptq-int4-g128,          '[1]'",
        "gptq-int4-g32-actorder,  '[1, 2, 4]'",
        "gptq-int8-channel,       '[1, 2, 4]'",
        "gptq-int2-g32,           '[1, 2, 4]'",
        "gptq-ragged,             '[]'",
        "awq-gemm-g128,           '[1]'",
        "awq-gemm-g64,            '[1, 2, 4]'",
        "fp8-block,               '[1]'",
        "fp8-tensor,              '[1, 2, 4]'",
        "ct-pack-int4-g128,       '[1]'",
        "ct-pack-int4-g32-asym,   '[1, 2, 4]'",
        "bnb-nf4,                 '[1, 2, 4]'",
        "hqq-int4-g64,            '[1, 2, 4]'"
    })
    void ofWhatQuantizersWrote(String variant, String sizes) {
        assertThat(variant(variant).sizes()).hasToString(sizes);
    }

    @Test
    void actOrderAndBitsandbytesAreNoted() {
        assertThat(variant("gptq-int4-g32-actorder").notes(2)).anyMatch(note -> note.contains("act-order"));
        assertThat(variant("gptq-int4-g32-actorder").notes(1)).noneMatch(note -> note.contains("act-order"));
        assertThat(variant("bnb-nf4").notes(2)).singleElement().asString().contains("bitsandbytes");
    }

    @Test
    void blocksOfFp8() {
        assertThat(variant("fp8-block").obstacles(2))
                .extracting(TensorParallel.Obstacle::message)
                .contains("ValueError: Weight output_partition_size = 64 is not divisible by weight quantization"
                        + " block_n = 128.");
        assertThat(variant("fp8-block").obstacles(4))
                .extracting(TensorParallel.Obstacle::message)
                .contains("ValueError: Weight input_size_per_partition = 64 is not divisible by weight quantization"
                        + " block_k = 128.");
    }

    @Test
    void aVisionTowerIsInTheWayToo(@TempDir Path folder) {
        Path model = new SmallCheckpoint("""
                {"text_config": {"num_attention_heads": 8, "intermediate_size": 32}}""")
                .mlps("model.", 2, 32)
                .mlps("visual.", 2, 20)
                .into(folder.resolve("vl"));
        TensorParallel parallel = stored(model);
        assertThat(parallel.sizes()).containsExactly(1, 2, 4);
        assertThat(parallel.obstacles(8))
                .extracting(TensorParallel.Obstacle::module)
                .containsExactly("visual.layers.*.mlp.gate_up_proj", "visual.layers.*.mlp.down_proj");
        assertThat(parallel.intermediateSizeFor(8)).isEmpty();
        // Planning quantizes the language model alone: 32 channels make 4 groups of 8, 20 would make none.
        assertThat(parallel.quantizedTo(4, 8).sizes()).containsExactly(1, 2, 4);
    }

    @Test
    void fusedProjections(@TempDir Path folder) {
        Path model = new SmallCheckpoint("""
                {"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 24}""")
                .tensor("model.layers.0.self_attn.qkv_proj.weight", 64, 32)
                .tensor("model.layers.0.self_attn.o_proj.weight", 32, 32)
                .tensor("model.layers.0.mlp.gate_up_proj.weight", 48, 32)
                .tensor("model.layers.0.mlp.down_proj.weight", 32, 24)
                .into(folder.resolve("fused"));
        TensorParallel parallel = stored(model);
        assertThat(parallel.sizes()).containsExactly(1, 2, 4);
        assertThat(parallel.quantizedTo(4, 8).sizes()).containsExactly(1);
        assertThat(parallel.quantizedTo(4, 8).intermediateSizeFor(2)).hasValue(32);
    }

    @Test
    void numbersThatAreNone() {
        TensorParallel plan = qwen72(29568);
        assertThatIllegalArgumentException().isThrownBy(() -> plan.obstacles(0));
        assertThatIllegalArgumentException().isThrownBy(() -> plan.quantizedTo(5, 128));
    }
}
