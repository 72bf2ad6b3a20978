package io.modelassay.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of an adapter acts, and what is refused before anything is computed. */
class AdapterPlanTest {
    private static final ModelPlan LLAMA =
            Architectures.require(ModelConfig.read(Fixtures.path("tiny-llama/config.json")));

    @TempDir
    Path folder;

    @Test
    void everyModuleHasItsPartsAndNumbers() {
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/lora-patterns"))) {
            AdapterPlan plan = AdapterPlan.of(adapter, LLAMA);
            AdaptedModule module =
                    plan.module("model.layers.0.self_attn.v_proj").orElseThrow();
            assertThat(module.parts()).containsOnlyKeys("lora_A", "lora_B");
            assertThat(module.numbers()).containsOnlyKeys("scaling").containsEntry("scaling", 1.0);
            assertThat(module.rowParts()).containsExactly("lora_B");
            assertThat(plan.modules()).hasSize(8);
            assertThat(plan.module("model.layers.0.self_attn.o_proj")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"olora", "corda", "loftq", "pissa_niter_16"})
    void startsThatChangeTheBaseAreRefused(String start) {
        assertThat(refused("start", config -> config.put("init_lora_weights", start)))
                .hasMessageContaining("The adapter has init_lora_weights \"" + start + "\"")
                .hasMessageContaining("unsupported-adapter-form")
                .hasMessageContaining("\nTry: ");
    }

    @Test
    void layersThatComputeOtherwiseAreRefused() {
        assertThat(refused("qalora", config -> config.put("use_qalora", true).put("qalora_group_size", 1)))
                .hasMessageContaining("use_qalora");
        assertThat(refused(
                        "alora",
                        config -> config.putArray("alora_invocation_tokens").add(5)))
                .hasMessageContaining("alora_invocation_tokens");
    }

    private AdapterException refused(String name, Consumer<ObjectNode> edit) {
        Path edited = Corruptor.of(Fixtures.path("adapters/lora-qv"))
                .named(name)
                .editJson("adapter_config.json", edit)
                .into(folder);
        try (PeftAdapter opened = PeftAdapter.open(edited)) {
            AdapterException refused =
                    catchThrowableOfType(AdapterException.class, () -> AdapterPlan.of(opened, LLAMA));
            assertThat(refused).isNotNull();
            assertThat(refused.problem()).isEqualTo(AdapterProblem.UNSUPPORTED_ADAPTER_FORM);
            return refused;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"r", "rank_pattern"})
    void ranksThatNoTensorCanHaveAreRefusedByKey(String key) {
        for (long rank : new long[] {Long.MAX_VALUE, 1L << 31, Long.MIN_VALUE, -4}) {
            Path edited = Corruptor.of(Fixtures.path("adapters/lora-qv"))
                    .named(key + rank)
                    .editJson("adapter_config.json", config -> {
                        if (key.equals("r")) {
                            config.put(key, rank);
                        } else {
                            config.putObject(key).put("q_proj", rank);
                        }
                    })
                    .into(folder);
            assertThatThrownBy(() -> PeftAdapter.open(edited).close())
                    .isInstanceOfAny(CheckpointException.class, AdapterException.class)
                    .hasMessageContaining(key.equals("r") ? "r" : "q_proj")
                    .hasMessageContaining(String.valueOf(rank));
        }
    }

    @Test
    void startsThatDoNotAreTaken() {
        for (String start : new String[] {"gaussian", "eva", "orthogonal"}) {
            Path edited = Corruptor.of(Fixtures.path("adapters/lora-qv"))
                    .named(start)
                    .editJson("adapter_config.json", config -> config.put("init_lora_weights", start))
                    .into(folder);
            try (PeftAdapter opened = PeftAdapter.open(edited)) {
                assertThat(AdapterPlan.of(opened, LLAMA).actsOnResidual()).isFalse();
            }
        }
    }

    @Test
    void theContentHashTellsAdaptersApart() {
        Path edited = Corruptor.of(Fixtures.path("adapters/lora-qv"))
                .named("lora-qv")
                .editJson("adapter_config.json", config -> config.put("lora_alpha", 16))
                .into(folder);
        try (PeftAdapter one = PeftAdapter.open(Fixtures.path("adapters/lora-qv"));
                PeftAdapter other = PeftAdapter.open(edited)) {
            assertThat(one.contentHash()).hasSize(64).isNotEqualTo(other.contentHash());
        }
    }
}
