package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** AWQ and SmoothQuant from the command line. */
class QuantizeMethodsTest {
    private static final Path MODEL = Fixtures.path("tiny-qwen2");

    @TempDir
    Path folder;

    private Path calibration;

    @BeforeEach
    void writeCalibration() throws IOException {
        int[] ids = new int[64];
        Arrays.setAll(ids, i -> 5 + 7 * i % 400);
        calibration = folder.resolve("calibration.json");
        Files.writeString(calibration, "[" + Arrays.toString(ids) + "]");
    }

    @Test
    void awqTellsTheRatioOfEachModule() {
        CommandRun run = run("awq", "--bits", "4", "--group-size", "64", "--no-clip");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode document = run.json();
        assertThat(document.at("/quantization").asText()).isEqualTo("int4 g64 asymmetric AWQ");
        assertThat(document.at("/modules")).hasSize(28);
        assertThat(document.at("/modules/0/ratio").isNumber()).isTrue();
        assertThat(document.at("/findings"))
                .hasSize(4)
                .allSatisfy(finding -> assertThat(finding.path("id").asText()).isEqualTo("awq-inputs-unscaled"));
        JsonNode inspected =
                CommandRun.of("inspect", folder.resolve("out"), "--json").json();
        assertThat(inspected.at("/quantization/bits").asInt()).isEqualTo(4);
        assertThat(inspected.at("/quantization/group_size").asInt()).isEqualTo(64);
    }

    @Test
    void awqCentredOnZeroIsSymmetric() {
        assertThat(run("awq", "--sym").json().at("/quantization").asText()).isEqualTo("int4 g128 AWQ");
    }

    @Test
    void smoothquantLeavesAFloatCheckpoint() {
        CommandRun run = run("smoothquant", "--alpha", "0.5");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(CommandRun.contract(run.json())).isEqualTo("""
                        alpha number
                        files array
                        files[] string
                        findings array
                        norms integer
                        out string
                        tokens integer""");
        assertThat(run.json().at("/norms").asInt()).isEqualTo(8);
        JsonNode inspected =
                CommandRun.of("inspect", folder.resolve("out"), "--json").json();
        assertThat(inspected.at("/quantization").isNull()).isTrue();
        assertThat(inspected.at("/findings")).isEmpty();
        assertThat(inspected.at("/dtype_counts/F32").isNumber()).isTrue();
    }

    @Test
    void bothNeedACalibration() {
        CommandRun awq = CommandRun.of("quantize", MODEL, "--out", folder.resolve("out"), "--method", "awq");
        assertThat(awq.code()).isEqualTo(2);
        assertThat(awq.err())
                .contains("--calibration: int4 g128 asymmetric AWQ needs a text that flows through the model");
        CommandRun smooth = CommandRun.of("quantize", MODEL, "--out", folder.resolve("out"), "--method", "smoothquant");
        assertThat(smooth.code()).isEqualTo(2);
        assertThat(run("smoothquant", "--alpha", "2").err()).contains("SmoothQuant's alpha is from 0 to 1, not 2.0");
    }

    private CommandRun run(String method, String... options) {
        Object[] fixed = {
            "quantize",
            MODEL,
            "--out",
            folder.resolve("out"),
            "--method",
            method,
            "--calibration",
            calibration,
            "--json"
        };
        Object[] all = Arrays.copyOf(fixed, fixed.length + options.length);
        System.arraycopy(options, 0, all, fixed.length, options.length);
        return CommandRun.of(all);
    }
}
