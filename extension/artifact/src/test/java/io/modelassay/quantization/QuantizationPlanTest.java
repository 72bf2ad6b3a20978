package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.fixtures.Fixtures;
import org.junit.jupiter.api.Test;

class QuantizationPlanTest {
    private final ModelPlan model =
            Architectures.require(ModelConfig.read(Fixtures.path("tiny-qwen2").resolve("config.json")));

    @Test
    void quantizesTheLinearModulesOfEveryLayerAndNothingElse() {
        QuantizationPlan plan = QuantizationPlan.of(Quantization.rtn(4, 128), model);
        assertThat(plan.size()).isEqualTo(4 * 7);
        assertThat(model.parameters())
                .allSatisfy(parameter -> assertThat(plan.quantizes(parameter.module()))
                        .as(parameter.name())
                        .isEqualTo(parameter.module().endsWith("_proj")));
        assertThat(model.parameters())
                .filteredOn(p -> p.kind() == Parameter.Kind.LINEAR)
                .hasSize(28);
    }

    @Test
    void keptModulesAreNotQuantized() {
        QuantizationPlan plan = QuantizationPlan.of(Quantization.nf4().keep("*.down_proj", "model.layers.0"), model);
        assertThat(plan.size()).isEqualTo(3 * 6);
        assertThat(plan.quantizes("model.layers.0.self_attn.q_proj")).isFalse();
        assertThat(plan.quantizes("model.layers.2.mlp.down_proj")).isFalse();
        assertThat(plan.quantizes("model.layers.2.mlp.up_proj")).isTrue();
    }

    @Test
    void modulesThatNoQuantizationTouchesMayBeKeptByName() {
        assertThat(QuantizationPlan.of(Quantization.nf4().keep("lm_head", "model.embed_tokens"), model)
                        .size())
                .isEqualTo(28);
    }

    @Test
    void aPatternThatMatchesNothingIsAnError() {
        Quantization quantization = Quantization.rtn(4, 128).keep("lm_head", "model.layers.7.mlp");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QuantizationPlan.of(quantization, model))
                .withMessage("""
                        keep = "model.layers.7.mlp" matches none of the 39 modules of this qwen2 model
                        Try: a module name such as model.layers.2.input_layernorm, with * for any characters""");
    }

    @Test
    void keepingEverythingIsAnError() {
        Quantization quantization = Quantization.rtn(4, 128).keep("model.layers");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QuantizationPlan.of(quantization, model))
                .withMessage("""
                        int4 g128 RTN keeping model.layers leaves no module to quantize
                        Try: fewer patterns in keep, or no quantization""");
    }
}
