package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;

import io.modelassay.ModelUnderTest;
import io.modelassay.architecture.UnsupportedArchitectureException;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.quantization.Quantization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names, shapes and stored types, from headers alone. */
class StructureAssertionsTest {
    private static final String O = "model.layers.1.self_attn.o_proj.weight";
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
    void aTiedHeadIsNotMissing() {
        for (Path healthy : new Path[] {Models.QWEN, Models.LLAMA}) {
            assertThat(models.open(healthy)).hasNoMissingKeys().hasNoUnexpectedKeys();
            assertThat(models.lastFigure().holds()).isTrue();
            try (Checkpoint checkpoint = Checkpoint.open(healthy)) {
                assertThat(checkpoint).hasNoMissingKeys().hasNoUnexpectedKeys();
            }
        }
    }

    @Test
    void aMissingTensorIsNamed() {
        Path broken = Corruptor.of(Models.QWEN).named("lacking").removeTensor(O).into(folder);
        ModelUnderTest model = models.open(broken);
        assertThat(model).hasNoUnexpectedKeys();
        Golden.fails(() -> assertThat(model).hasNoMissingKeys(), broken, """
                Expecting model <lacking> to have every parameter of its architecture
                but 1 of 51 parameters is missing:
                  model.layers.1.self_attn.o_proj.weight
                A loader initializes what is missing at random
                  FOLDER
                Try: the checkpoint saved again by its model, or the config that belongs to it
                """);
        assertThat(models.lastFigure().holds()).isFalse();
    }

    @Test
    void aWrongShapeIsNamedWithBothShapes() {
        Path broken = Corruptor.of(Models.QWEN)
                .named("turned")
                .setShape(DOWN, 640, 256)
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(broken)) {
            assertThat(checkpoint).hasNoUnexpectedKeys();
            Golden.fails(() -> assertThat(checkpoint).hasNoMissingKeys(), broken, """
                    Expecting checkpoint <turned> to have every parameter of its architecture
                    but 1 of 51 parameters has another shape:
                      model.layers.0.mlp.down_proj.weight is stored as [640, 256], the config says [256, 640]
                    A loader refuses another shape
                      FOLDER
                    Try: the checkpoint saved again by its model, or the config that belongs to it
                    """);
        }
    }

    @Test
    void missingAndMisshapenAreCountedApart() {
        Path broken = Corruptor.of(Models.QWEN)
                .named("both")
                .removeTensor(O)
                .removeTensor("model.norm.weight")
                .setShape(DOWN, 640, 256)
                .setShape("model.layers.1.mlp.down_proj.weight", 640, 256)
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(broken)) {
            Golden.fails(() -> assertThat(checkpoint).hasNoMissingKeys(), broken, """
                    Expecting checkpoint <both> to have every parameter of its architecture
                    but 2 of 51 parameters are missing and 2 have another shape:
                      model.layers.1.self_attn.o_proj.weight
                      model.norm.weight
                      model.layers.0.mlp.down_proj.weight is stored as [640, 256], the config says [256, 640]
                      model.layers.1.mlp.down_proj.weight is stored as [640, 256], the config says [256, 640]
                    A loader initializes what is missing at random
                    A loader refuses another shape
                      FOLDER
                    Try: the checkpoint saved again by its model, or the config that belongs to it
                    """);
        }
    }

    @Test
    void anExtraTensorIsNamedUnlessEveryLoaderComputesIt() {
        Path harmless = Corruptor.of(Models.QWEN)
                .named("old")
                .addTensor("model.layers.0.self_attn.rotary_emb.inv_freq", "F32", 32)
                .into(folder);
        assertThat(models.open(harmless)).hasNoUnexpectedKeys().hasNoMissingKeys();
        Path broken = Corruptor.of(Models.QWEN)
                .named("extra")
                .addTensor("model.layers.0.mlp.down_proj.bias", "BF16", 256)
                .into(folder);
        ModelUnderTest model = models.open(broken);
        assertThat(model).hasNoMissingKeys();
        Golden.fails(() -> assertThat(model).hasNoUnexpectedKeys(), broken, """
                Expecting model <extra> to have no tensor that its architecture does not know
                but 1 of 51 stored tensors is unknown:
                  model.layers.0.mlp.down_proj.bias [256] BF16
                A loader ignores them
                  FOLDER
                Try: the checkpoint without them, or the model_type that has them in config.json
                """);
    }

    @Test
    void withoutAnArchitectureKeysCannotBeChecked() throws IOException {
        Path unknown = Corruptor.of(Models.QWEN).named("unknown").into(folder);
        Path config = unknown.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"qwen2\"", "\"mystery\""));
        assertThatThrownBy(() -> assertThat(models.open(unknown)).hasNoMissingKeys())
                .isInstanceOf(UnsupportedArchitectureException.class)
                .hasMessageContaining("\"mystery\"");
        assertThat(models.open(unknown)).hasNoNaNs().keepsInFullPrecision("model.norm");
    }

    @Test
    void fullPrecisionIsKeptWhereNothingIsQuantized() {
        ModelUnderTest model =
                models.open(Models.QWEN, m -> m.quantize(Quantization.nf4().keep("model.layers.0", "*.down_proj")));
        assertThat(model).keepsInFullPrecision("model.layers.0", "*.down_proj", "model.embed_tokens", "*norm");
        assertThat(models.open(Models.QWEN)).keepsInFullPrecision("*");
        assertThat(models.lastFigure().check()).isEqualTo("full precision of *");
        // A bias of a quantized module stays as it is, its weight does not.
        Golden.fails(() -> assertThat(model).keepsInFullPrecision("*.2.self_attn.q_proj"), Models.QWEN, """
                Expecting model <tiny-qwen2 as nf4> to keep *.2.self_attn.q_proj in full precision
                but 1 of 2 tensors is not:
                  model.layers.2.self_attn.q_proj.weight is quantized after loading
                  FOLDER
                Try: keep = {"*.2.self_attn.q_proj"} in the quantization
                """);
    }

    @Test
    void fullPrecisionIsLostWhereIntegersAreStored() {
        Path packed = Corruptor.of(Models.QWEN)
                .named("packed")
                .replaceTensor(DOWN, "U8", 640 * 256 / 2, 1)
                .addTensor("model.layers.0.mlp.down_proj.SCB", "F32", 256)
                .replaceTensor("model.layers.0.mlp.up_proj.weight", "F8_E4M3", 640, 256)
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(packed)) {
            assertThat(checkpoint).keepsInFullPrecision("model.layers.0.self_attn", "model.layers.1");
            Golden.fails(() -> assertThat(checkpoint).keepsInFullPrecision("model.layers.0.mlp", "*norm"), packed, """
                    Expecting checkpoint <packed> to keep model.layers.0.mlp, *norm in full precision
                    but 2 of 13 tensors are not:
                      model.layers.0.mlp.down_proj.weight is stored as U8
                      model.layers.0.mlp.up_proj.weight is stored as F8_E4M3
                      FOLDER
                    Try: keep = {"model.layers.0.mlp", "*norm"} in the quantization
                    """);
        }
    }

    @Test
    void aPatternThatMatchesNothingFails() {
        Golden.fails(
                () -> assertThat(models.open(Models.QWEN)).keepsInFullPrecision("model.norm", "visual.*"),
                Models.QWEN,
                """
                Expecting model <tiny-qwen2> to have tensors that match "visual.*"
                but there are none, so nothing has been checked
                  FOLDER
                Try: a module name such as model.layers.1.self_attn.v_proj, with * for any characters
                """);
        Golden.fails(() -> assertThat(models.open(Models.QWEN)).keepsInFullPrecision(), Models.QWEN, """
                Expecting model <tiny-qwen2> to have patterns to check
                but there are none, so nothing has been checked
                  FOLDER
                Try: keepsInFullPrecision with the names of modules
                """);
    }

    @Test
    void aCheckOverNoTensorsFails() throws IOException {
        Path empty = EmptyCheckpoint.in(folder);
        try (Checkpoint checkpoint = Checkpoint.open(empty)) {
            String nothing = """
                    but there are none, so nothing has been checked
                      FOLDER
                    Try: the folder that holds the weights
                    """;
            Golden.fails(
                    () -> assertThat(checkpoint).hasNoNaNs(),
                    empty,
                    "Expecting checkpoint <empty> to have tensors to scan\n" + nothing);
            Golden.fails(
                    () -> assertThat(checkpoint).hasOnlyFiniteWeights(),
                    empty,
                    "Expecting checkpoint <empty> to have tensors to scan\n" + nothing);
            Golden.fails(
                    () -> assertThat(checkpoint).hasNoUnexpectedKeys(),
                    empty,
                    "Expecting checkpoint <empty> to have stored tensors\n" + nothing);
            Golden.fails(() -> assertThat(checkpoint).keepsInFullPrecision("lm_head"), empty, """
                    Expecting checkpoint <empty> to have tensors that match "lm_head"
                    but there are none, so nothing has been checked
                      FOLDER
                    Try: a module name such as lm_head, with * for any characters
                    """);
            assertThatThrownBy(() -> assertThat(checkpoint).hasNoMissingKeys())
                    .hasMessageContaining("but 51 of 51 parameters are missing:");
        }
    }

    @Test
    void aTensorIsLookedUpByItsWholeName() {
        try (Checkpoint checkpoint = Checkpoint.open(Models.QWEN)) {
            assertThat(checkpoint)
                    .hasTensor(DOWN)
                    .hasTensorSatisfying(
                            DOWN, tensor -> assertThat(tensor.type()).isEqualTo(TensorType.BF16));
            Golden.fails(() -> assertThat(checkpoint).hasTensor("model.layers.0.mlp.down_proj"), Models.QWEN, """
                    Expecting checkpoint <tiny-qwen2> to have the tensor model.layers.0.mlp.down_proj
                    but none of its 50 tensors has this name
                      FOLDER
                    Try: one of the most similar names: "model.layers.0.mlp.down_proj.weight", "model.layers.1.mlp.down_proj.weight", "model.layers.2.mlp.down_proj.weight"
                    """);
            assertThatThrownBy(() -> assertThat(checkpoint)
                            .hasTensorSatisfying(
                                    DOWN, tensor -> assertThat(tensor.type()).isEqualTo(TensorType.F32)))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("BF16");
            assertThatThrownBy(() -> assertThat(checkpoint).hasTensorSatisfying("x", tensor -> {
                        throw new IllegalStateException("must not be called");
                    }))
                    .isInstanceOf(AssertionError.class);
        }
        assertThat(models.open(Models.QWEN)).hasTensor(DOWN);
        assertThat(models.lastFigure().holds()).isTrue();
    }
}
