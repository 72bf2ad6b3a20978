package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModulePatternTest {
    @ParameterizedTest
    @CsvSource({
        "lm_head, lm_head, true",
        "lm_head, lm_head_norm, false",
        "model.layers.0.mlp, model.layers.0.mlp, true",
        "model.layers.0.mlp, model.layers.0.mlp.down_proj, true",
        "model.layers.1, model.layers.1.mlp.down_proj, true",
        "model.layers.1, model.layers.10.mlp.down_proj, false",
        "*.down_proj, model.layers.3.mlp.down_proj, true",
        "*.down_proj, model.layers.3.mlp.down_projection, false",
        "visual.*, visual.blocks.0.attn.qkv, true",
        "visual.*, visual, false",
        "*.layers.*.self_attn.*_proj, model.layers.2.self_attn.q_proj, true",
        "*.layers.*.self_attn.*_proj, model.layers.2.mlp.up_proj, false",
        "*, lm_head, true",
        // Everything but the asterisk stands for itself.
        "model.layers, modelXlayers, false",
        "model.[a-z]*, model.layers, false",
        "down_proj, model.layers.0.mlp.down_proj, false"
    })
    void aPatternSelectsTheModuleItNamesAndAllBelow(String pattern, String module, boolean selected) {
        assertThat(ModulePattern.of(pattern).matches(module)).isEqualTo(selected);
    }

    /** A matcher that backtracks would try each way to divide the name among the asterisks. */
    @Test
    @Timeout(10)
    void manyAsterisksTakeNoMoreTimeThanOne() {
        String name = "model." + "a".repeat(20_000);
        ModulePattern hostile = ModulePattern.of("*a".repeat(5_000) + "b");
        assertThat(hostile.matches(name)).isFalse();
        assertThat(hostile.matches(name + "b")).isTrue();
        assertThat(hostile.matches(name + "b.weight")).isTrue();
        assertThat(ModulePattern.of("*".repeat(50_000)).matches(name)).isTrue();
        assertThat(ModulePattern.of("line\n*").matches("line\nbreak")).isTrue();
    }
}
