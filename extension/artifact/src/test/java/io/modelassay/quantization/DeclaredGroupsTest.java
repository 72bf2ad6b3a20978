package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.ModelConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeclaredGroupsTest {
    private static QuantizationConfig config(String groups) {
        return QuantizationConfig.of("config.json", ModelConfig.parse("config.json", """
                {"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": %s}
                """.formatted(groups)));
    }

    private static long bits(String module, String groups) {
        return DeclaredGroups.declared(module, config(groups)).bits().orElse(-1);
    }

    private static String group(String target, int bits) {
        return "{\"targets\": [\"" + target + "\"], \"weights\": {\"num_bits\": " + bits + "}}";
    }

    @Test
    void aNameGoesOverAPatternAndAPatternOverAClass() {
        String groups = "{\"a\": " + group("Linear", 2) + ", \"b\": " + group("model.x.down_proj", 8) + ", \"c\": "
                + group("re:.*down", 4) + "}";
        assertThat(bits("model.x.down_proj", groups)).isEqualTo(8);
        assertThat(bits("model.y.down_proj", groups)).isEqualTo(4);
        assertThat(bits("model.y.up_proj", groups)).isEqualTo(2);
    }

    @Test
    void patternsAreAnchoredAtTheStartAndBrokenOnesAreRefused() {
        assertThat(bits("model.x.down_proj", "{\"a\": " + group("re:down", 4) + "}"))
                .isEqualTo(-1);
        assertThat(bits("down_proj", "{\"a\": " + group("re:down", 4) + "}")).isEqualTo(4);
        assertThatThrownBy(() -> bits("down_proj", "{\"a\": " + group("re:(", 4) + "}"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("(invalid-pattern)")
                .hasMessageContaining("config_groups holds \"(\"");
    }

    @Test
    void presetsStandForTheirSettings() {
        QuantizationConfig config = config("{\"W4A16_ASYM\": [\"re:.*q_proj\"], \"FP8_BLOCK\": [\"Linear\"]}");
        DeclaredGroups.Weights four = DeclaredGroups.find("a.q_proj", config).orElseThrow();
        assertThat(four.bits()).hasValue(4);
        assertThat(four.groupSize()).hasValue(128);
        assertThat(four.symmetric()).isFalse();
        assertThat(DeclaredGroups.find("a.o_proj", config).orElseThrow().grid()).isEqualTo(new ScaleGrid(128, 128));
        assertThat(DeclaredGroups.find("a", config("{\"UNQUANTIZED\": [\"Linear\"]}")))
                .isEmpty();
        assertThat(DeclaredGroups.find("a", config("{\"W9A16\": [\"Linear\"]}")))
                .isEmpty();
    }

    @Test
    void onlyTargetedModulesRequireParts() {
        QuantizationConfig config = config("{\"W4A16_ASYM\": [\"re:.*q_proj\"]}");
        assertThat(DeclaredGroups.required("a.o_proj", config)).isEmpty();
        assertThat(DeclaredGroups.required("a.q_proj", config))
                .containsExactly("weight_packed", "weight_scale", "weight_shape", "weight_zero_point");
    }

    @Test
    void aGroupsOwnFormatGoesOverTheGeneralOne() {
        QuantizationConfig config = config("""
                {"g": {"format": "int-quantized", "targets": ["Linear"],
                       "weights": {"num_bits": 8, "strategy": "channel", "group_size": null}}}""");
        assertThat(DeclaredGroups.required("a", config)).isEqualTo(List.of("weight", "weight_scale"));
        assertThat(DeclaredGroups.declared("a", config).groupSize()).hasValue(-1);
    }

    @Test
    void blocksAreReadInBothForms() {
        for (String block : List.of("[64, 32]", "\"64x32\"")) {
            String weights = "{\"strategy\": \"block\", \"block_structure\": " + block + "}";
            QuantizationConfig config = config("{\"g\": {\"targets\": [\"Linear\"], \"weights\": " + weights + "}}");
            assertThat(DeclaredGroups.find("a", config).orElseThrow().grid()).isEqualTo(new ScaleGrid(64, 32));
        }
    }

    @Test
    void groupsOfTheWrongKindAreNoGroups() {
        assertThat(DeclaredGroups.find("a", config("{\"g\": 4, \"h\": {\"targets\": \"Linear\"}, \"i\": {}}")))
                .isEmpty();
    }
}
