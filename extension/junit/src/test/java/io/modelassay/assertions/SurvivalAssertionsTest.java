package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.diagnosis.Procedure;
import io.modelassay.diagnosis.Setting;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models that a quantization would break, before it is made. */
class SurvivalAssertionsTest {
    private static final Text WORDS =
            Text.ofTokens(300, 7, 42, 9, 300, 11, 12, 13).named("eight tokens");
    private static final Setting OLD_AWQ = new Setting(Procedure.AUTOAWQ_BEFORE_0_2_6, 4, 128, DType.FP16);

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
    void aHealthyModelSurvives() {
        assertThat(models.open(Models.QWEN))
                .survivesQuantization(Quantization.gptq(2, 32), WORDS)
                .survivesQuantization(Quantization.nf4(), WORDS)
                .survivesQuantization(OLD_AWQ, WORDS);
        assertThat(models.lastFigure().holds()).isTrue();
    }

    @Test
    void rowsOfZerosStopOldVersionsOfAutoAwq() {
        Path dead = Corruptor.of(Models.QWEN)
                .named("dead")
                .fill("model.layers.1.mlp.up_proj.weight", 0)
                .into(folder);
        ModelUnderTest model = models.open(dead);
        assertThat(model).survivesQuantization(Quantization.gptq(4, 128), WORDS);
        Golden.fails(() -> assertThat(model).survivesQuantization(OLD_AWQ, WORDS), dead, """
                Expecting model <dead> to survive AutoAWQ before 0.2.6, 4 bits, g128, fp16 on eight tokens
                but 1 finding says otherwise:
                  all-zero-group: model.layers.1.mlp.up_proj: Groups of zeros: 5120 of 32, 2560 of 64, 1280 of 128, 640 whole rows. |w| / max |w| of such a group is 0/0, NaN
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: AutoAWQ 0.2.6 or newer, which has an epsilon in this denominator
                """);
        assertThat(models.lastFigure().holds()).isFalse();
    }

    @Test
    void whatLeavesHalfPrecisionStopsItThereAlone() {
        Path huge = huge();
        Quantization gptq = Quantization.gptq(4, 128);
        ModelUnderTest half = models.open(huge, m -> m.computingIn(DType.FP16));
        assertThat(half)
                .survivesQuantization(new Setting(Procedure.GPTQ, 4, 128, DType.BF16), WORDS)
                .survivesQuantization(new Setting(Procedure.AUTOAWQ, 4, 128, DType.FP32), WORDS);
        Golden.fails(() -> assertThat(half).survivesQuantization(gptq, WORDS), huge, """
                Expecting model <huge> to survive GPTQ, 4 bits, g128, fp16 on eight tokens
                but 1 finding says otherwise:
                  overflowing-activation: model.layers.1.self_attn.o_proj: The first value that is not finite in fp16 is its result at token id 300 (window 0, position 0), channel 0; every operation before it was finite
                  device CPU, fp16, ENGINE, checkpoint sha256 HASH…
                Try: compute in bf16 or fp32
                """);
    }

    /** The tools of GPTQ and AWQ load a model in fp16, so its own type saves it from nothing; other tools keep it. */
    @ParameterizedTest
    @EnumSource(names = {"FP32", "BF16"})
    void theTypeIsThatOfTheTools(DType own) {
        Path huge = huge();
        ModelUnderTest model = models.open(huge, m -> m.computingIn(own));
        for (Quantization ofTools :
                List.of(Quantization.awq(4, 128), Quantization.awq(4, -1), Quantization.gptq(8, 32))) {
            assertThatThrownBy(() -> assertThat(model).survivesQuantization(ofTools, WORDS))
                    .hasMessageContaining(", fp16 on eight tokens")
                    .hasMessageContaining("overflowing-activation: model.layers.1.self_attn.o_proj");
        }
        assertThat(model)
                .survivesQuantization(Quantization.nf4(), WORDS)
                .survivesQuantization(Quantization.rtn(4, 128), WORDS);
        assertThat(models.lastFigure().check()).endsWith(", " + own.name().toLowerCase(Locale.ROOT));
    }

    private Path huge() {
        return Corruptor.of(Models.QWEN)
                .named("huge")
                .setValue("model.layers.1.self_attn.v_proj.bias", 5, 65000)
                .setValue("model.layers.1.self_attn.v_proj.bias", 69, 65000)
                .fill("model.layers.1.self_attn.o_proj.weight", 2)
                .into(folder);
    }
}
