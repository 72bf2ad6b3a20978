package io.modelassay.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.conversion.PaddingException.Reason;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.inspection.Inspection;
import io.modelassay.inspection.PaddingOrder;
import io.modelassay.inspection.PaddingReport;
import io.modelassay.runtime.DType;
import io.modelassay.truth.SmallCheckpoint;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PaddingTest {
    private static final Path MODEL = Fixtures.path("tiny-qwen2");
    private static final String CONFIG = """
            {"model_type": "novel", "hidden_size": 64, "intermediate_size": 24, "num_attention_heads": 4, "eps": 1e-06}
            """;

    @TempDir
    Path folder;

    private static Padding.Result pad(Padding padding, Path model, Path out) {
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            return padding.write(checkpoint, out);
        }
    }

    private static Padding to768(PaddingOrder order) {
        return order == PaddingOrder.APPENDED
                ? Padding.to(768).appended()
                : Padding.to(768).interleaved();
    }

    @ParameterizedTest
    @CsvSource({
        "APPENDED,    16777216",
        "INTERLEAVED, 16777216",
        "APPENDED,    5000",
        "INTERLEAVED, 5000",
        "INTERLEAVED, 1"
    })
    void everyTensorIsTheOneThatTorchMakes(PaddingOrder order, int pieces) throws Exception {
        JsonNode truth = Truths.json("padding.json").at("/orders/" + order.label() + "/tensors");
        Path out = folder.resolve("out");
        Padding.Result result = pad(to768(order).inPiecesOf(pieces), MODEL, out);
        assertThat(result.order()).isEqualTo(order);
        assertThat(result.padded()).isEqualTo(truth.size()).isEqualTo(12);
        try (Checkpoint original = Checkpoint.open(MODEL);
                Checkpoint padded = Checkpoint.open(out)) {
            assertThat(padded.tensors().keySet()).isEqualTo(original.tensors().keySet());
            assertThat(padded.byteSize()).isEqualTo(result.bytes());
            for (TensorInfo tensor : padded.tensors().values()) {
                JsonNode expected = truth.path(tensor.name());
                if (expected.isMissingNode()) {
                    assertThat(padded.contentEquals(tensor, original, original.tensor(tensor.name())))
                            .isTrue();
                } else {
                    assertThat(tensor.shape().dimensions().toString())
                            .isEqualTo(expected.path("shape").toString().replace(",", ", "));
                    assertThat(sha256(Truths.bytes(padded, tensor.name())))
                            .as(tensor.name())
                            .isEqualTo(expected.path("sha256").textValue());
                }
            }
        }
    }

    private static String sha256(byte[] bytes) throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @ParameterizedTest
    @EnumSource(
            value = PaddingOrder.class,
            names = {"APPENDED", "INTERLEAVED"})
    void theLogitsStay(PaddingOrder order) {
        Path out = folder.resolve("out");
        pad(to768(order), MODEL, out);
        int[] tokens = Arrays.copyOf(Truths.tokens("tiny-qwen2"), 128);
        try (ModelUnderTest original =
                        ModelAssay.open(MODEL).computingIn(DType.FP32).load();
                ModelUnderTest padded =
                        ModelAssay.open(out).computingIn(DType.FP32).load()) {
            float[][] before = original.logits(tokens);
            float[][] after = padded.logits(tokens);
            double most = 0;
            for (int i = 0; i < before.length; i++) {
                for (int j = 0; j < before[i].length; j++) {
                    most = Math.max(most, Math.abs(before[i][j] - after[i][j]));
                }
            }
            // Zeros change nothing but the order in which down_proj sums its products, since blocks of the engine's
            // matrix product depend on the width. How much that is differs by processor. Logits go up to 19.4.
            assertThat(most).isLessThanOrEqualTo(5e-5);
        }
    }

    @Test
    void configAndCompanionsComeAlong() throws IOException {
        Path out = folder.resolve("out");
        Padding.Result result = pad(Padding.to(768), MODEL, out);
        assertThat(result.before()).isEqualTo(640);
        assertThat(result.after()).isEqualTo(768);
        assertThat(result.findings()).isEmpty();
        assertThat(result.files()).contains("config.json", "model.safetensors", "tokenizer.json");
        assertThat(Files.readString(out.resolve("config.json")))
                .isEqualToIgnoringWhitespace(
                        Files.readString(MODEL.resolve("config.json")).replace("640", "768"));
        assertThat(Files.mismatch(MODEL.resolve("tokenizer.json"), out.resolve("tokenizer.json")))
                .isEqualTo(-1);
        assertThat(Inspection.of(out).loadReport().orElseThrow().isClean()).isTrue();
    }

    @Test
    void shardsAndTheirIndexAreWrittenAnew() {
        Path model = new SmallCheckpoint(CONFIG)
                .mlps("model.", 3, 24)
                .tensor("model.norm.weight", 64)
                .inShardsOf(8000)
                .into(folder.resolve("sharded"));
        Path out = folder.resolve("out");
        Padding.Result result = pad(Padding.to(32), model, out);
        assertThat(result.tensors()).isEqualTo(10);
        assertThat(Inspection.of(out).findings())
                .extracting(finding -> finding.id())
                .doesNotContain("total-size-mismatch");
        assertThat(result.bytes()).isEqualTo(2 * (3 * 3 * 32 * 64 + 64));
    }

    @Test
    void aFileOfTorchSaveIsPaddedIntoSafetensors() {
        Path out = folder.resolve("out");
        Padding.Result result = pad(Padding.to(640), Fixtures.path("bin/tiny-mistral-one-layer"), out);
        assertThat(result.padded()).isEqualTo(3);
        assertThat(result.files()).contains("model.safetensors");
        try (Checkpoint padded = Checkpoint.open(out)) {
            PaddingReport report =
                    PaddingReport.withoutDecoding(padded, Inspection.of(padded).quantization());
            assertThat(report.order()).contains(PaddingOrder.INTERLEAVED);
            assertThat(report.channels()).isEqualTo(128);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void biasesOfGateAndUpAreWidenedAndThatOfDownIsNot(boolean appended) {
        Path model = new SmallCheckpoint(CONFIG)
                .mlps("model.", 1, 24)
                .tensor("model.layers.0.mlp.gate_proj.bias", 24)
                .tensor("model.layers.0.mlp.up_proj.bias", 24)
                .tensor("model.layers.0.mlp.down_proj.bias", 64)
                .into(folder.resolve("biased"));
        Path out = folder.resolve("out");
        Padding padding = appended ? Padding.to(32).appended() : Padding.to(32);
        pad(padding, model, out);
        try (Checkpoint before = Checkpoint.open(model);
                Checkpoint after = Checkpoint.open(out)) {
            float[] bias = Truths.floats(after, "model.layers.0.mlp.up_proj.bias");
            float[] original = Truths.floats(before, "model.layers.0.mlp.up_proj.bias");
            assertThat(bias).hasSize(32);
            for (int i = 0; i < 32; i++) {
                int source = appended ? i : i >= 16 ? i - 8 : i % 2 == 0 ? i / 2 : 24;
                assertThat(bias[i]).isEqualTo(source < 24 ? original[source] : 0);
            }
            assertThat(after.tensor("model.layers.0.mlp.gate_proj.bias").shape())
                    .isEqualTo(Shape.of(32));
            assertThat(after.tensor("model.layers.0.mlp.down_proj.bias").shape())
                    .isEqualTo(Shape.of(64));
        }
    }

    @Test
    void eachHalfOfAFusedProjectionIsWidenedByItself() {
        Path model = new SmallCheckpoint(CONFIG)
                .tensor("model.layers.0.mlp.gate_up_proj.weight", 48, 64)
                .tensor("model.layers.0.mlp.down_proj.weight", 64, 24)
                .into(folder.resolve("fused"));
        Path out = folder.resolve("out");
        pad(Padding.to(32).appended(), model, out);
        try (Checkpoint before = Checkpoint.open(model);
                Checkpoint after = Checkpoint.open(out)) {
            float[] wide = Truths.floats(after, "model.layers.0.mlp.gate_up_proj.weight");
            float[] original = Truths.floats(before, "model.layers.0.mlp.gate_up_proj.weight");
            for (int row = 0; row < 64; row++) {
                int source = row % 32 + row / 32 * 24;
                assertThat(wide[row * 64 + 5]).isEqualTo(row % 32 < 24 ? original[source * 64 + 5] : 0);
            }
            PaddingReport report =
                    PaddingReport.withoutDecoding(after, Inspection.of(after).quantization());
            assertThat(report.isPadded()).isTrue();
            assertThat(report.order()).contains(PaddingOrder.APPENDED);
        }
    }

    @Test
    void theVisionTowerOfAModelStaysAsItIs() throws IOException {
        Path model = new SmallCheckpoint("""
                {"model_type": "novel_vl", "intermediate_size": 24,
                 "text_config": {"hidden_size": 64, "intermediate_size": 24},
                 "vision_config": {"hidden_size": 64, "intermediate_size": 24}}""")
                .mlps("model.language_model.", 2, 24)
                .mlps("visual.", 2, 24)
                .into(folder.resolve("vl"));
        Path out = folder.resolve("out");
        Padding.Result result = pad(Padding.to(32), model, out);
        assertThat(result.padded()).isEqualTo(6);
        JsonNode config = new ObjectMapper().readTree(out.resolve("config.json").toFile());
        assertThat(config.at("/intermediate_size").asInt()).isEqualTo(32);
        assertThat(config.at("/text_config/intermediate_size").asInt()).isEqualTo(32);
        assertThat(config.at("/vision_config/intermediate_size").asInt()).isEqualTo(24);
        try (Checkpoint after = Checkpoint.open(out)) {
            assertThat(after.tensor("visual.layers.0.mlp.up_proj.weight").shape())
                    .isEqualTo(Shape.of(24, 64));
        }
    }

    @Test
    void aSizeThatGroupsDoNotDivideIsAWarning() {
        assertThat(pad(Padding.to(700), MODEL, folder.resolve("out")).findings())
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.id()).isEqualTo("padding-not-a-multiple");
                    assertThat(finding.message()).startsWith("700 channels are no multiple of 128");
                    assertThat(finding.nextStep()).contains("pad to 768");
                });
    }

    private void refuses(Reason reason, String message, Padding padding, Path model) throws IOException {
        List<Path> before = entries();
        assertThatExceptionOfType(PaddingException.class)
                .isThrownBy(() -> pad(padding, model, folder.resolve("out")))
                .withMessageContaining(message)
                .withMessageContaining("\nTry: ")
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(reason));
        assertThat(entries()).isEqualTo(before);
    }

    private List<Path> entries() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return new ArrayList<>(entries.sorted().toList());
        }
    }

    @Test
    void sizesThatWillNotDo() throws IOException {
        refuses(Reason.SAME_SIZE, "have 640 channels already", Padding.to(640), MODEL);
        refuses(Reason.SMALLER_SIZE, "640 channels, and padding to 512", Padding.to(512), MODEL);
        refuses(Reason.TOO_MANY_TO_INTERLEAVE, "896 zeros cannot follow one each of 640", Padding.to(1536), MODEL);
        assertThat(pad(Padding.to(1536).appended(), MODEL, folder.resolve("out"))
                        .after())
                .isEqualTo(1536);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gptq-int4-g128", "awq-gemm-g128", "bnb-nf4", "ct-fp8-channel"})
    void aQuantizedCheckpointIsRefused(String variant) throws IOException {
        refuses(
                Reason.ALREADY_QUANTIZED,
                "packed weights cannot be padded",
                Padding.to(768),
                Fixtures.path("quantized/" + variant));
    }

    @Test
    void whatIsNotKnownIsRefused() throws IOException {
        Path experts = new SmallCheckpoint(CONFIG)
                .mlps("model.", 1, 24)
                .tensor("model.layers.1.mlp.experts.0.gate_proj.weight", 24, 64)
                .into(folder.resolve("experts"));
        refuses(Reason.MIXTURE_OF_EXPERTS, "mixture of experts", Padding.to(32), experts);
        Path other = new SmallCheckpoint(CONFIG)
                .tensor("model.layers.0.mlp.fc1.weight", 24, 64)
                .into(folder.resolve("other"));
        refuses(Reason.UNKNOWN_MLP, "has no MLP of gate_proj", Padding.to(32), other);
        Path more = new SmallCheckpoint(CONFIG)
                .mlps("model.", 1, 24)
                .tensor("model.layers.0.mlp.ffn_layernorm.weight", 24)
                .into(folder.resolve("more"));
        refuses(Reason.UNKNOWN_MLP, "ffn_layernorm.weight [24]", Padding.to(32), more);
        Path disagreeing = Corruptor.of(MODEL)
                .editConfig(config -> config.put("intermediate_size", 512))
                .into(folder);
        refuses(Reason.SIZE_DISAGREES, "says intermediate_size 512", Padding.to(768), disagreeing);
        Path bare = Corruptor.of(MODEL).named("bare").deleteFile("config.json").into(folder);
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> pad(Padding.to(768), bare, folder.resolve("out")));
    }

    @Test
    void aFolderThatIsNotEmptyIsLeftAlone() throws IOException {
        Path out = Files.createDirectories(folder.resolve("mine"));
        Files.writeString(out.resolve("mine.txt"), "mine");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pad(Padding.to(768), MODEL, out))
                .withMessageContaining("is not an empty folder");
    }
}
