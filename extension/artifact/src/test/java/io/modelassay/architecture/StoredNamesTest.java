package io.modelassay.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StoredNamesTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "layers.0.mlp.up_proj.weight, model.layers.0.mlp.up_proj.weight",
        "layers.0.mlp.up_proj.qweight, model.layers.0.mlp.up_proj.qweight",
        "layers.0.mlp.up_proj.weight.quant_state.bitsandbytes__nf4, "
                + "model.layers.0.mlp.up_proj.weight.quant_state.bitsandbytes__nf4",
        "layers.0.mlp.up_proj, model.layers.0.mlp.up_proj",
        "layers.77.mlp.up_proj.weight, model.layers.77.mlp.up_proj.weight",
        "norm.weight, model.norm.weight",
        "model.model.norm.weight, model.norm.weight",
        "model.lm_head.weight, lm_head.weight",
        "model.norm.weight, model.norm.weight",
        "lm_head.weight, lm_head.weight",
        "adapter.norm.weight, adapter.norm.weight",
        "score.weight, score.weight"
    })
    void aNameIsTriedWithThePrefixOnceLessAndOnceMore(String stored, String expected) {
        assertThat(plan("tiny-llama").resolve(stored)).isEqualTo(expected);
    }

    @Test
    void anExactNameWinsOverOneThatLacksThePrefix() {
        try (Checkpoint checkpoint = Checkpoint.open(Corruptor.of(Fixtures.path("tiny-llama"))
                .copyTensor("model.norm.weight", "norm.weight")
                .into(folder))) {
            ModelPlan plan = Architectures.require(checkpoint.config());
            StoredNames names = StoredNames.of(checkpoint, plan);
            assertThat(names.tensor(plan.parameter("model.norm.weight").orElseThrow()))
                    .map(TensorInfo::name)
                    .contains("model.norm.weight");
        }
    }

    @Test
    void ofTwoTiedTensorsTheStoredOneGivesTheValuesOfBoth() {
        try (Checkpoint checkpoint = Checkpoint.open(Corruptor.of(Fixtures.path("tiny-qwen2"))
                .renameTensor("model.embed_tokens.weight", "lm_head.weight")
                .into(folder))) {
            ModelPlan plan = Architectures.require(checkpoint.config());
            StoredNames names = StoredNames.of(checkpoint, plan);
            Parameter embedding = plan.parameter("model.embed_tokens.weight").orElseThrow();
            assertThat(names.own(embedding)).isEmpty();
            assertThat(names.tensor(embedding)).map(TensorInfo::name).contains("lm_head.weight");
        }
    }

    @Test
    void anUntiedHeadIsNotTakenForTheEmbedding() {
        try (Checkpoint checkpoint = Checkpoint.open(Corruptor.of(Fixtures.path("tiny-llama"))
                .removeTensor("model.embed_tokens.weight")
                .into(folder))) {
            ModelPlan plan = Architectures.require(checkpoint.config());
            assertThat(StoredNames.of(checkpoint, plan)
                            .tensor(plan.parameter("model.embed_tokens.weight").orElseThrow()))
                    .isEmpty();
        }
    }

    private static ModelPlan plan(String fixture) {
        return Architectures.require(ModelConfig.read(Fixtures.path(fixture).resolve("config.json")));
    }
}
