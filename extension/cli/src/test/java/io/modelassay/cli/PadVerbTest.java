package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PadVerbTest {
    private static final Path MODEL = Fixtures.path("tiny-qwen2");

    @TempDir
    private Path folder;

    @Test
    void documentForAProgram() {
        Path out = folder.resolve("padded");
        CommandRun run = CommandRun.of("pad", MODEL, "--out", out, "--intermediate-size", 768, "--json");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(CommandRun.contract(run.json())).isEqualTo("""
                        bytes integer
                        files array
                        files[] string
                        findings array
                        intermediate_size integer
                        intermediate_size_before integer
                        out string
                        padded integer
                        style string
                        tensors integer""");
        assertThat(run.json().at("/padded").asInt()).isEqualTo(12);
        assertThat(run.json().at("/intermediate_size_before").asInt()).isEqualTo(640);
        assertThat(run.json().at("/style").asText()).isEqualTo("interleaved");

        JsonNode inspected = CommandRun.of("inspect", out, "--json").json();
        assertThat(inspected.at("/findings")).hasSize(1);
        assertThat(inspected.at("/findings/0/id").asText()).isEqualTo("padded");
        assertThat(inspected.at("/findings/0/severity").asText()).isEqualTo("info");
        assertThat(inspected.at("/findings/0/message").asText())
                .isEqualTo(
                        "128 of 768 channels of each MLP are zero, interleaved: padded from 640, alike in gate, up and"
                                + " down");
    }

    @Test
    void textForAPerson() {
        Path out = folder.resolve("padded");
        CommandRun run = CommandRun.of("pad", MODEL, "--out", out, "--intermediate-size", 700, "--style", "appended");
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("  MLP channels     640 padded to 700, appended\n")
                .contains("  tensors          50 tensors, 6.9 MB; 12 padded\n")
                .contains("Findings: 1 warning\n  WARNING  padding-not-a-multiple  config.json\n");
    }

    @Test
    void wrongUsage() throws IOException {
        Path out = folder.resolve("padded");
        for (Object[] arguments : new Object[][] {
            {"pad", MODEL, "--out", out},
            {"pad", MODEL, "--intermediate-size", 768},
            {"pad", MODEL, "--out", out, "--intermediate-size", 0},
            {"pad", MODEL, "--out", out, "--intermediate-size", 640},
            {"pad", MODEL, "--out", out, "--intermediate-size", 512},
            {"pad", MODEL, "--out", out, "--intermediate-size", 4096},
            {"pad", MODEL, "--out", out, "--intermediate-size", 768, "--style", "scattered"}
        }) {
            CommandRun run = CommandRun.of(arguments);
            assertThat(run.code()).as(run.err()).isEqualTo(2);
            assertThat(run.err()).contains("Try: ");
        }
        isUntouched();
    }

    private void isUntouched() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            assertThat(entries).isEmpty();
        }
    }

    @Test
    void aQuantizedCheckpointIsUnsuitable() throws IOException {
        CommandRun run = CommandRun.of(
                "pad",
                Fixtures.path("quantized/gptq-int4-g128"),
                "--out",
                folder.resolve("padded"),
                "--intermediate-size",
                768,
                "--json");
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.json().at("/error/id").asText()).isEqualTo("already-quantized");
        assertThat(run.json().at("/error/next_step").asText()).isEqualTo("pad the 16-bit model, then quantize that");
        isUntouched();
    }
}
