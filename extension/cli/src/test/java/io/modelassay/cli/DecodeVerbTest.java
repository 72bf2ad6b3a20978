package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.runtime.DType;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecodeVerbTest {
    private static final Path MODEL = Fixtures.path("tiny-qwen2");

    @TempDir
    private Path folder;

    @Test
    void widenedAndNarrowedAgainIsTheSameModel() throws IOException {
        Path wide = folder.resolve("wide");
        CommandRun run = CommandRun.of("decode", MODEL, "--out", wide, "--dtype", "fp32", "--json");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(CommandRun.contract(run.json())).isEqualTo("""
                        bytes integer
                        converted integer
                        dtype string
                        files array
                        files[] string
                        findings array
                        out string
                        tensors integer""");
        assertThat(run.json().at("/converted").asInt()).isEqualTo(50);
        JsonNode config = CommandRun.json(Files.readString(wide.resolve("config.json")));
        assertThat(config.at("/dtype").asText()).isEqualTo("float32");
        assertThat(Files.readString(wide.resolve("config.json"))).contains("1e-06");
        assertThat(Files.mismatch(wide.resolve("tokenizer.json"), MODEL.resolve("tokenizer.json")))
                .isEqualTo(-1);

        Path narrow = folder.resolve("narrow");
        assertThat(CommandRun.of("decode", wide, "--out", narrow, "--dtype", "bf16")
                        .code())
                .isZero();
        try (Checkpoint original = Checkpoint.open(MODEL);
                Checkpoint copy = Checkpoint.open(narrow)) {
            assertThat(copy.tensors().keySet()).isEqualTo(original.tensors().keySet());
            for (TensorInfo tensor : original.tensors().values()) {
                assertThat(copy.map(copy.tensor(tensor.name()))).isEqualTo(original.map(tensor));
            }
        }
    }

    @Test
    void integersStayAsTheyAre() {
        Path mixed = Corruptor.of(MODEL)
                .addTensor("model.position_ids", "I64", 1, 512)
                .into(folder);
        Path out = folder.resolve("out");
        assertThat(CommandRun.of("decode", mixed, "--out", out, "--dtype", "fp16")
                        .code())
                .isZero();
        try (Checkpoint written = Checkpoint.open(out)) {
            assertThat(written.tensor("model.position_ids").type()).isEqualTo(TensorType.I64);
            assertThat(written.tensor("model.norm.weight").type()).isEqualTo(TensorType.F16);
        }
    }

    @Test
    void whatDoesNotFitTheTypeIsAFinding() {
        Path large = Corruptor.of(MODEL).setValue("model.norm.weight", 3, 1e6).into(folder);
        CommandRun run = CommandRun.of("decode", large, "--out", folder.resolve("half"), "--dtype", "fp16");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("ERROR  overflow-in-conversion  model.norm.weight", "1 of 256 values exceed");
    }

    @Test
    void aFolderThatIsNotEmptyIsLeftAlone() throws IOException {
        Path out = Files.createDirectories(folder.resolve("out"));
        Path mine = Files.writeString(out.resolve("mine.txt"), "mine");
        CommandRun run = CommandRun.of("decode", MODEL, "--out", out);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("is not an empty folder");
        try (Stream<Path> entries = Files.list(out)) {
            assertThat(entries).containsExactly(mine);
        }
    }

    @Test
    void aFailureLeavesNothingBehind() throws IOException {
        Path broken = Corruptor.of(MODEL)
                .named("broken")
                .addTensor("model.odd.weight", "F8_E8M0", 32)
                .into(folder);
        CommandRun run = CommandRun.of("decode", broken, "--out", folder.resolve("out"));
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.err()).contains("F8_E8M0");
        try (Stream<Path> entries = Files.list(folder)) {
            assertThat(entries).containsExactly(broken);
        }
    }

    @Test
    void aQuantizedModelIsWrittenUnderItsFloatNames() {
        Path quantized = Fixtures.path("quantized/awq-gemm-g128");
        Path out = folder.resolve("decoded");
        CommandRun run = CommandRun.of("decode", quantized, "--out", out, "--dtype", "fp32", "--json");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.json().at("/converted").asInt()).isPositive();
        CommandRun inspected = CommandRun.of("inspect", out, "--json");
        assertThat(inspected.json().at("/quantization").isNull()).isTrue();
        assertThat(inspected.json().at("/findings")).isEmpty();
        assertThat(inspected.json().at("/dtype_counts").toString()).isEqualTo("{\"F32\":50}");
        int[] tokens = Truths.firstTokens("tiny-qwen2");
        try (ModelUnderTest packed =
                        ModelAssay.open(quantized).computingIn(DType.FP32).load();
                ModelUnderTest written =
                        ModelAssay.open(out).computingIn(DType.FP32).load()) {
            Text text = Text.ofTokens(tokens);
            assertThat(written.perplexity(text).value())
                    .isEqualTo(packed.perplexity(text).value());
        }
    }
}
