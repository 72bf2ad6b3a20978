package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;

import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which modules are stored how, what loaders drop, and what trainers ask of it. */
class StoredFormAssertionsTest {
    private static final Path ZERO_BIAS = Fixtures.path("quantized/gptq-zero-bias");
    private static final Path DYNAMIC = Fixtures.path("quantized/unsloth-dynamic-nf4");
    private static final String BIAS = "model.layers.0.mlp.down_proj.bias";

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
    void zeroBiasesOnModulesWithoutBiasAreBenign() {
        ModelUnderTest model = models.open(ZERO_BIAS);
        assertThat(model.unusedBiases()).hasSize(4);
        assertThat(model).hasOnlyBenignBiasWarnings().hasOnlyBenignBiasWarnings(Models.TEXT);
        assertThat(models.lastFigure().origin().toString()).isEqualTo("4 unused biases");
        // The biases of q, k and v are the architecture's own, and far from zero.
        assertThat(models.open(Models.QWEN)).hasOnlyBenignBiasWarnings();
        assertThat(models.open(Models.LLAMA)).hasOnlyBenignBiasWarnings();
    }

    @Test
    void aBiasThatIsNotZeroIsHarmful() {
        Path broken = Corruptor.of(ZERO_BIAS)
                .named("biased")
                .setValue(BIAS, 7, 0.5)
                .setValue(BIAS, 9, -0.75)
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(broken)) {
            Golden.fails(() -> assertThat(checkpoint).hasOnlyBenignBiasWarnings(), broken, """
                    Expecting checkpoint <biased> to have only benign bias warnings
                    but 1 of 4 unused biases is not zero:
                      model.layers.0.mlp.down_proj.bias [256]: max |b| 0.7500
                    The architecture has no bias there, so a loader warns and drops it
                      FOLDER
                    Try: the model_type whose modules have these biases, or a file saved without them
                    """);
        }
        ModelUnderTest model = models.open(broken);
        Golden.fails(() -> assertThat(model).hasOnlyBenignBiasWarnings(Models.TEXT), broken, """
                Expecting model <biased> to have only benign bias warnings
                but 1 of 4 unused biases is not zero:
                  model.layers.0.mlp.down_proj.bias [256]: max |b| 0.7500
                The architecture has no bias there, so a loader warns and drops it
                Largest share: 0.2 % of the output of model.layers.0.mlp.down_proj; perplexity 31.7763 with the biases, 31.7809 as a loader drops them
                  FOLDER
                Try: the model_type whose modules have these biases, or a file saved without them
                """);
        // Zero biases move nothing, to the last bit.
        var effect = models.open(ZERO_BIAS).biasEffect(Models.TEXT);
        assertThat(effect.with().value()).isEqualTo(effect.without().value());
        assertThat(effect.outputShares().values()).containsOnly(0.0);
    }

    @Test
    void modulesLeftAloneAreInFullPrecisionAndOthersAreNot() {
        ModelUnderTest model = models.open(DYNAMIC, settings -> settings.against(Models.QWEN));
        assertThat(model)
                .keepsInFullPrecision("model.layers.2", "model.layers.3", "model.embed_tokens")
                .keepsByteEqualToReference("model.layers.2", "model.layers.3", "model.embed_tokens");
        Golden.fails(() -> assertThat(model).keepsInFullPrecision("model.layers.1.*"), DYNAMIC, """
                Expecting model <unsloth-dynamic-nf4> to keep model.layers.1.* in full precision
                but 2 of 22 tensors are not:
                  model.layers.1.mlp.down_proj.weight is stored as bitsandbytes nf4-double 4-bit g64 sym
                  model.layers.1.mlp.up_proj.weight is stored as bitsandbytes nf4-double 4-bit g64 sym
                  FOLDER
                Try: keep = {"model.layers.1.*"} in the quantization
                """);
    }

    @Test
    void packedBytesInA16BitTypeAreNoFullPrecision() {
        Path packed = Fixtures.path("quantized/bnb-fp4-bf16-storage");
        try (Checkpoint checkpoint = Checkpoint.open(packed)) {
            assertThat(checkpoint
                            .tensor("model.layers.0.mlp.up_proj.weight")
                            .type()
                            .label())
                    .isEqualTo("BF16");
            Golden.fails(() -> assertThat(checkpoint).keepsInFullPrecision("model.layers.0.mlp.up_proj"), packed, """
                    Expecting checkpoint <bnb-fp4-bf16-storage> to keep model.layers.0.mlp.up_proj in full precision
                    but 1 of 4 tensors is not:
                      model.layers.0.mlp.up_proj.weight is stored as bitsandbytes fp4 4-bit g64 sym
                      FOLDER
                    Try: keep = {"model.layers.0.mlp.up_proj"} in the quantization
                    """);
        }
    }

    @Test
    void aModuleThatWasChangedIsNotByteEqual() {
        Path broken = Corruptor.of(DYNAMIC)
                .named("changed")
                .setValue("model.layers.3.mlp.up_proj.weight", 3, 0.25)
                .into(folder);
        ModelUnderTest model = models.open(broken, settings -> settings.against(Models.QWEN));
        assertThat(model).keepsInFullPrecision("model.layers.3.mlp");
        Golden.fails(() -> assertThat(model).keepsByteEqualToReference("model.layers.3.mlp"), broken, """
                Expecting model <changed> to keep model.layers.3.mlp byte-equal to <tiny-qwen2 (fp32)>
                but 1 of 3 tensors differs:
                  model.layers.3.mlp.up_proj.weight holds other values
                  FOLDER
                Try: these modules in the quantizer's list of what it leaves alone
                """);
    }

    @Test
    void integersThatADeclaredQuantizationExplainsAreNotTrained() {
        for (String variant : new String[] {"bnb-nf4-double", "bnb-int8", "unsloth-dynamic-nf4", "gptq-int4-g128"}) {
            assertThat(models.open(Fixtures.path("quantized/" + variant))).asksGradientsOnlyOfFloatingPointTensors();
        }
        Path bare = Corruptor.of(Fixtures.path("quantized/bnb-int8"))
                .named("bare")
                .editConfig(config -> config.remove("quantization_config"))
                .into(folder);
        Golden.fails(() -> assertThat(models.open(bare)).asksGradientsOnlyOfFloatingPointTensors(), bare, """
                Expecting model <bare> to ask gradients only of floating-point tensors
                but 7 of 36 trainable parameters hold integers:
                  model.layers.0.mlp.down_proj.weight [256, 512] I8
                  model.layers.0.mlp.gate_proj.weight [512, 256] I8
                  model.layers.0.mlp.up_proj.weight [512, 256] I8
                  model.layers.0.self_attn.k_proj.weight [128, 256] I8
                  model.layers.0.self_attn.o_proj.weight [256, 256] I8
                  and 2 more
                config.json declares no quantization, so nothing tells a trainer to freeze them
                  FOLDER
                Try: the quantization_config and the scales that belong to these tensors
                """);
    }

    @Test
    void saneWeightsHoldAndAnInfiniteScaleIsNamed() {
        assertThat(models.open(Fixtures.path("quantized/awq-gemm-g128"), settings -> settings.against(Models.QWEN)))
                .hasSaneWeights();
        Path broken = Corruptor.of(Fixtures.path("quantized/awq-gemm-g128"))
                .named("infinite")
                .setInfinity("model.layers.1.mlp.up_proj.scales", 4)
                .into(folder);
        Golden.fails(() -> assertThat(models.open(broken)).hasSaneWeights(), broken, """
                Expecting model <infinite> to have sane weights
                but 1 finding says otherwise:
                  scale-non-finite: model.layers.1.mlp.up_proj.scales: 1 of 1280 scales are NaN or infinite
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: quantize the model again; look at the step that wrote this module
                """);
    }
}
