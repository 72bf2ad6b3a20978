package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiagnoseVerbTest {
    private static final Path MODEL = Fixtures.path("tiny-qwen2");

    @TempDir
    private Path folder;

    private Path calibration;

    @BeforeEach
    void calibration() throws IOException {
        calibration = Files.writeString(folder.resolve("calibration.json"), "[[300, 7, 42, 9], [300, 11, 12, 13]]");
    }

    private Path dead() {
        return Corruptor.of(MODEL)
                .named("<dead>")
                .fill("model.layers.1.mlp.up_proj.weight", 0)
                .into(folder);
    }

    @Test
    void documentForAProgram() {
        CommandRun run = CommandRun.of("diagnose", dead(), "--calibration", calibration, "--json");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(CommandRun.contract(run.json())).isEqualTo("""
                        attention array
                        attention[].abs_max number
                        attention[].key_bias number
                        attention[].module string
                        attention[].of_biases number
                        attention[].query_bias number
                        attention[].rounding_in_half number
                        calibration string
                        findings array
                        findings[].id string
                        findings[].message string
                        findings[].next_step string
                        findings[].severity string
                        findings[].subject string
                        operations array
                        operations[].abs_max number
                        operations[].channel integer
                        operations[].head_room null
                        operations[].head_room number
                        operations[].layer integer
                        operations[].module string
                        operations[].position integer
                        operations[].token_id integer
                        operations[].window integer
                        passes array
                        passes[].beyond_half null
                        passes[].clean boolean
                        passes[].dtype string
                        passes[].non_finite null
                        settings array
                        settings[].bits integer
                        settings[].causes array
                        settings[].causes[] string
                        settings[].clean boolean
                        settings[].dtype string
                        settings[].group_size integer
                        settings[].method string
                        tokens integer
                        weights array
                        weights[].abs_max number
                        weights[].groups array
                        weights[].groups[].count integer
                        weights[].groups[].group_size integer
                        weights[].groups[].lost integer
                        weights[].groups[].vanishing_scales.2 integer
                        weights[].groups[].vanishing_scales.3 integer
                        weights[].groups[].vanishing_scales.4 integer
                        weights[].groups[].vanishing_scales.8 integer
                        weights[].groups[].zero integer
                        weights[].module string
                        weights[].overflows integer
                        weights[].underflows integer
                        weights[].zero_columns integer""");
        JsonNode document = run.json();
        assertThat(document.at("/findings")).hasSize(1);
        assertThat(document.at("/findings/0/id").asText()).isEqualTo("all-zero-group");
        assertThat(document.at("/findings/0/severity").asText()).isEqualTo("warning");
        assertThat(document.at("/tokens").asInt()).isEqualTo(8);
        assertThat(document.at("/operations")).hasSize(1 + 4 * 12 + 1);
        assertThat(document.at("/settings")).hasSize(138);
    }

    @Test
    void oneSettingDecidesTheExitCode() {
        Path dead = dead();
        CommandRun old =
                CommandRun.of("diagnose", dead, "--calibration", calibration, "--method", "autoawq-before-0.2.6");
        assertThat(old.code()).as(old.err()).isEqualTo(1);
        assertThat(old.out())
                .contains("  setting          AutoAWQ before 0.2.6, 4 bits, g128, fp16\n")
                .contains("  fp16             clean\n")
                .contains("Findings: 1 error\n  ERROR  all-zero-group  model.layers.1.mlp.up_proj\n");
        CommandRun fixed = CommandRun.of("diagnose", dead, "--calibration", calibration, "--method", "autoawq");
        assertThat(fixed.code()).as(fixed.err()).isZero();
        assertThat(fixed.out()).contains("Findings: none");
    }

    /** As the assertion judges: the tools of GPTQ and AWQ load in fp16 whatever the config says, others as it says. */
    @Test
    void theTypeIsThatOfTheMethodsTools() {
        Path huge = Corruptor.of(MODEL)
                .named("huge")
                .setValue("model.layers.1.self_attn.v_proj.bias", 5, 65000)
                .setValue("model.layers.1.self_attn.v_proj.bias", 69, 65000)
                .fill("model.layers.1.self_attn.o_proj.weight", 2)
                .editConfig(config -> config.put("dtype", "bfloat16"))
                .into(folder);
        for (String[] judged : new String[][] {
            {"autoawq", "fp16", "1"}, {"gptq", "fp16", "1"}, {"rtn", "bf16", "0"}, {"float-scales", "bf16", "0"}
        }) {
            CommandRun run = CommandRun.of("diagnose", huge, "--calibration", calibration, "--method", judged[0]);
            assertThat(run.out()).containsPattern("(?m)^  setting .*, g128, " + judged[1] + "$");
            assertThat(run.code()).as(judged[0] + run.err()).isEqualTo(Integer.parseInt(judged[2]));
        }
        CommandRun wide =
                CommandRun.of("diagnose", huge, "--calibration", calibration, "--method", "gptq", "--dtype", "bf16");
        assertThat(wide.code()).as(wide.err()).isZero();
    }

    @Test
    void chartsForAPerson() throws IOException {
        Path page = folder.resolve("page.html");
        CommandRun run = CommandRun.of("diagnose", dead(), "--calibration", calibration, "--html", page);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .containsPattern("(?m)^ +0  █+ +[0-9]+\\.[0-9] +[0-9.]+  model\\.layers\\.0")
                .containsPattern("(?m)^  AutoAWQ before 0\\.2\\.6 +fp32 +none +none +none$")
                .containsPattern("(?m)^  GPTQ +fp16 +2 3 4 8 +2 3 4 8 +2 3 4 8 +2 3 4 8$");
        assertThat(Files.readString(page))
                .contains("&lt;dead&gt; survives some settings")
                .contains("<span class=\"badge bad\">all-zero-group</span>")
                .containsPattern("<span class=\"bar good\" style=\"width: [0-9.]+%\">")
                .doesNotContain("<script", "<dead>", "http://", "https://");
    }

    @Test
    void wrongUsage() {
        for (Object[] arguments : new Object[][] {
            {"diagnose", MODEL},
            {"diagnose", MODEL, "--calibration", calibration, "--method", "magic"},
            {"diagnose", MODEL, "--calibration", calibration, "--method", "autoawq", "--bits", 3},
            {"diagnose", MODEL, "--calibration", calibration, "--method", "gptq", "--group-size", 96},
            {"diagnose", MODEL, "--calibration", calibration, "--method", "gptq", "--dtype", "auto"}
        }) {
            CommandRun run = CommandRun.of(arguments);
            assertThat(run.code()).as(run.err()).isEqualTo(2);
            assertThat(run.err()).contains("Try: ");
        }
    }
}
