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

    @Test
    void rulesAndTheHeadAreOptions() {
        CommandRun run = CommandRun.of(
                "quantize",
                Fixtures.path("tiny-llama"),
                "--out",
                folder.resolve("out"),
                "--method",
                "rtn",
                "--dynamic",
                "+:.*\\.down_proj$=bits:8,group_size:64",
                "--dynamic",
                "-:.*\\.o_proj$",
                "--lm-head",
                "--json");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.json().at("/quantization").asText())
                .isEqualTo("int4 g128 RTN with head dynamic -:.*\\.o_proj$ +:.*\\.down_proj$=bits:8,group_size:64"
                        + " lm_head=bits:8,group_size:32,sym:true");
        assertThat(run.json().at("/modules"))
                .hasSize(25)
                .filteredOn(module -> module.path("bits").asInt() == 8)
                .extracting(module -> module.path("module").asText() + " g" + module.path("group_size"))
                .hasSize(5)
                .contains("lm_head g32", "model.layers.3.mlp.down_proj g64");
        JsonNode inspected =
                CommandRun.of("inspect", folder.resolve("out"), "--json").json();
        assertThat(inspected.at("/quantization/formats")).hasSize(3);
        assertThat(inspected.at("/findings")).isEmpty();
    }

    @Test
    void rulesThatCannotBeReadOrMatchNothingAndATiedHeadAreMistakesOfUse() {
        CommandRun unknown = run("gptq", "--dynamic", "+:.*=bit:8");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("The rule \"+:.*=bit:8\" has no setting bit");
        CommandRun nothing = run("gptq", "--dynamic", "-:visual");
        assertThat(nothing.code()).isEqualTo(2);
        assertThat(nothing.err()).contains("The rule \"-:visual\" matches none of the 39 modules of this qwen2 model");
        CommandRun tied = run("gptq", "--lm-head");
        assertThat(tied.code()).isEqualTo(2);
        assertThat(tied.err()).contains("it is the embedding, since tie_word_embeddings is true");
        assertThat(run("awq", "--lm-head").err()).contains("int4 g128 asymmetric AWQ has no quantized head");
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
