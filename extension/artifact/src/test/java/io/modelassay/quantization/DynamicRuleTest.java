package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.GptqSettings.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules for single modules, with the semantics of GPTQModel's {@code dynamic}. */
class DynamicRuleTest {
    private static final String DOWN = "model.layers.1.mlp.down_proj";

    private final ModelPlan untied = plan("tiny-llama");
    private final ModelPlan tied = plan("tiny-qwen2");

    private static ModelPlan plan(String name) {
        return Architectures.require(ModelConfig.read(Fixtures.path(name).resolve("config.json")));
    }

    @Test
    void theFirstRuleThatMatchesCountsAndNoneIsMerged() {
        Quantization quantization = Quantization.gptq(4, 128)
                .dynamic("+:.*\\.down_proj$=bits:8", ".*\\.layers\\.1\\.=bits:3,group_size:32,sym:false");
        Quantization down = quantization.forModule(DOWN).orElseThrow();
        assertThat(down).isEqualTo(Quantization.gptq(8, 128));
        assertThat(quantization.forModule("model.layers.1.mlp.up_proj"))
                .contains(Quantization.gptq(3, 32).asymmetric());
        assertThat(quantization.forModule("model.layers.0.mlp.up_proj")).contains(Quantization.gptq(4, 128));
    }

    @Test
    void rulesThatLeaveOutGoBeforeAllOthers() {
        Quantization quantization = Quantization.gptq(4, 128).dynamic(".*proj=bits:8", "-:.*\\.down_proj$");
        assertThat(quantization.forModule(DOWN)).isEmpty();
        assertThat(quantization.dynamic()).extracting(DynamicRule::key).containsExactly("-:.*\\.down_proj$", ".*proj");
    }

    @Test
    void aRuleMatchesFromTheBeginningOfANameButNotToItsEnd() {
        Quantization quantization = Quantization.gptq(4, 128).dynamic("model\\.layers\\.1=bits:8", "down_proj=bits:2");
        assertThat(quantization.forModule(DOWN)).contains(Quantization.gptq(8, 128));
        assertThat(quantization.forModule("model.layers.10.mlp.down_proj")).contains(Quantization.gptq(8, 128));
        assertThat(quantization.forModule("model.layers.2.mlp.down_proj")).contains(Quantization.gptq(4, 128));
    }

    @ParameterizedTest
    @CsvSource({
        "GROUP_AWARE, desc_act:true, ACT_ORDER",
        "GROUP_AWARE, desc_act:false, GROUP_AWARE",
        "GROUP_AWARE, act_group_aware:false, NATURAL",
        "ACT_ORDER, desc_act:false, NATURAL",
        "NATURAL, act_group_aware:true, GROUP_AWARE",
        "NATURAL, bits:8, NATURAL"
    })
    void theOrderIsThatOfGptqModel(Order base, String override, Order expected) {
        Quantization quantization =
                Quantization.gptq(4, 128).with(GptqSettings.DEFAULT.order(base)).dynamic(".*=" + override);
        assertThat(quantization.forModule(DOWN).orElseThrow().gptqSettings().order())
                .isEqualTo(expected);
    }

    @Test
    void everySettingIsApplied() {
        GptqSettings settings = Quantization.gptq(4, 128)
                .dynamic("(?=model).*=mse:2.4,damp_percent:0.1,static_groups:true,act_group_aware:false")
                .forModule(DOWN)
                .orElseThrow()
                .gptqSettings();
        assertThat(settings).isEqualTo(new GptqSettings(Order.NATURAL, true, 0.1, 0.01, true));
        assertThat(Quantization.gptq(4, 128)
                        .with(GptqSettings.DEFAULT.searchingGrid())
                        .dynamic(".*=mse:0.0")
                        .forModule(DOWN)
                        .orElseThrow())
                .isEqualTo(Quantization.gptq(4, 128));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "+:.*down_proj$ | gives no setting",
                ".*= | has no setting",
                ".*=bits | cannot have bits:bits",
                ".*=bit:8 | has no setting bit",
                ".*=sym:yes | cannot have sym:yes",
                ".*=bits:8,bits:4 | gives bits twice",
                ".*(=bits:8 | cannot be read: dynamic holds \".*(\", which is no regular expression: Unclosed group",
                "-:.*[ | cannot be read: dynamic holds \".*[\", which is no regular expression: Unclosed character class",
                ".*=bits:5 | cannot be applied: GPTQ has 2, 3, 4 or 8 bits, not 5",
                ".*=group_size:0 | cannot be applied: Group size is a positive number, or -1 for one group, not 0",
                ".*=mse:2.0 | cannot be applied: mse is 0 or 2.4, not 2.0",
                ".*=damp_percent:1 | cannot be applied: Damping is above 0 and below 1",
                ".*=desc_act:true,act_group_aware:true | cannot be applied: desc_act and act_group_aware exclude each other"
            })
    void whatCannotBeReadOrAppliedNamesTheRule(String rule, String why) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Quantization.gptq(4, 128).dynamic(rule))
                .withMessageStartingWith("The rule \"")
                .withMessageContaining(why);
    }

    @Test
    void onlyMethodsWhoseFormatHoldsThemHaveRulesAndAHead() {
        assertThat(Quantization.rtn(4, 128).dynamic(".*=bits:8,sym:false").forModule(DOWN))
                .contains(Quantization.rtn(8, 128).asymmetric());
        assertThatThrownBy(() -> Quantization.rtn(4, 128).dynamic(".*=desc_act:true"))
                .hasMessage("The rule \".*=desc_act:true\" cannot be applied: RTN has no desc_act");
        assertThatThrownBy(() -> Quantization.awq(4, 128).dynamic(".*=bits:8"))
                .hasMessage("int4 g128 asymmetric AWQ has no dynamic");
        assertThatThrownBy(() -> Quantization.nf4().withHead()).hasMessage("nf4 has no quantized head");
    }

    @Test
    void aHeadThatNoRuleNamesIsQuantizedAsGptqModelDoes() {
        Quantization head =
                Quantization.gptq(4, 128).withHead().forModule("lm_head").orElseThrow();
        assertThat(head).isEqualTo(Quantization.gptq(8, 32).with(GptqSettings.DEFAULT.searchingGrid()));
        assertThat(Quantization.gptq(4, 128)
                        .dynamic("lm_head=bits:3")
                        .withHead()
                        .forModule("lm_head"))
                .contains(Quantization.gptq(3, 128));
        assertThat(QuantizationPlan.of(Quantization.gptq(4, 128).withHead(), untied)
                        .size())
                .isEqualTo(29);
    }

    @Test
    void aRuleThatMatchesNothingIsAnError() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> QuantizationPlan.of(Quantization.gptq(4, 128).dynamic("+:.*\\.downproj$=bits:8"), untied))
                .withMessage("""
                        The rule "+:.*\\.downproj$=bits:8" matches none of the 28 modules to be quantized of this llama model
                        Try: a regular expression for the beginning of a name such as model.layers.2.self_attn.q_proj""");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QuantizationPlan.of(Quantization.gptq(4, 128).dynamic("-:visual"), untied))
                .withMessageStartingWith("The rule \"-:visual\" matches none of the 39 modules of this llama model");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QuantizationPlan.of(Quantization.gptq(4, 128).dynamic("lm_head=bits:8"), untied))
                .withMessageEndingWith("Try: the head quantized, too, if the rule is meant for it");
    }

    @Test
    void whatIsNeverQuantizedMayBeLeftOut() {
        assertThat(QuantizationPlan.of(Quantization.gptq(4, 128).dynamic("-:lm_head"), tied)
                        .size())
                .isEqualTo(28);
    }

    @Test
    void aTiedHeadIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QuantizationPlan.of(Quantization.gptq(4, 128).withHead(), tied))
                .withMessage("""
                        The head lm_head cannot be quantized: it is the embedding, since tie_word_embeddings is true
                        Try: a model whose head is its own, or no quantized head""");
    }

    @Test
    void aHeadIsNotQuantizedAndLeftOut() {
        for (Quantization both : new Quantization[] {
            Quantization.gptq(4, 128).withHead().keep("lm_head"),
            Quantization.gptq(4, 128).withHead().dynamic("-:lm_head")
        }) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> QuantizationPlan.of(both, untied))
                    .withMessageStartingWith("The head lm_head is to be quantized, and to be left as it is: int4 g128");
        }
    }
}
