package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScanVerbTest {
    private static final String TENSOR = "model.layers.2.mlp.down_proj.weight";

    @Test
    void aHealthyModelHolds() {
        CommandRun run = CommandRun.of("scan", Fixtures.path("tiny-qwen2"), "--json");
        assertThat(run.code()).isZero();
        assertThat(CommandRun.contract(run.json())).isEqualTo("""
                        bytes integer
                        findings array
                        seconds number
                        tensors array
                        tensors[].abs_max number
                        tensors[].count integer
                        tensors[].decoded boolean
                        tensors[].dtype string
                        tensors[].first_non_finite null
                        tensors[].inf integer
                        tensors[].name string
                        tensors[].nan integer
                        tensors[].shape array
                        tensors[].shape[] integer
                        threads integer""");
        assertThat(run.json().at("/tensors")).hasSize(50);
        assertThat(run.json().at("/bytes").asLong()).isEqualTo(6_562_304);
    }

    @Test
    void aNaNIsAFindingWithItsPlace(@TempDir Path folder) {
        Path broken = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .setNaN(TENSOR, 641)
                .setInfinity(TENSOR, 700)
                .into(folder);
        CommandRun run = CommandRun.of("scan", broken, "--json");
        assertThat(run.code()).isEqualTo(1);
        JsonNode finding = run.json().at("/findings/0");
        assertThat(finding.at("/id").asText()).isEqualTo("non-finite-weight");
        assertThat(finding.at("/severity").asText()).isEqualTo("error");
        assertThat(finding.at("/subject").asText()).isEqualTo(TENSOR);
        assertThat(finding.at("/message").asText())
                .isEqualTo("1 NaN and 1 infinite of 163,840 values, the first at [1, 1]");
        CommandRun text = CommandRun.of("scan", broken);
        assertThat(text.code()).isEqualTo(1);
        assertThat(text.out()).contains("not finite       1 tensor", "ERROR  non-finite-weight  " + TENSOR);
    }

    @Test
    void aQuantizedModelIsAlsoScannedDecoded(@TempDir Path folder) {
        Path healthy = Fixtures.path("quantized/fp8-block");
        CommandRun run = CommandRun.of("scan", healthy, "--json");
        assertThat(run.code()).isZero();
        assertThat(run.json().at("/findings")).isEmpty();
        assertThat(run.json().at("/tensors"))
                .filteredOn(tensor -> tensor.at("/decoded").asBoolean())
                .hasSize(21)
                .allMatch(tensor -> tensor.at("/dtype").asText().equals("BF16"));
        // The code 0x7F is the NaN of F8_E4M3, which has no infinity.
        Path broken = Corruptor.of(healthy).setNaN(TENSOR, 5).into(folder);
        CommandRun found = CommandRun.of("scan", broken, "--json");
        assertThat(found.code()).isEqualTo(1);
        assertThat(found.json().at("/findings"))
                .extracting(
                        finding -> finding.at("/id").asText(),
                        finding -> finding.at("/subject").asText())
                .containsExactly(tuple("non-finite-weight", TENSOR));
        assertThat(found.json().at("/findings/0/message").asText()).contains("values of " + TENSOR + " decode from it");
    }

    @Test
    void codesUnderTheLabelOfAFloatTypeAreNoNumbers(@TempDir Path folder) {
        for (String type : new String[] {"BF16", "F16", "F32"}) {
            Path storage = floatStorage(type).into(folder);
            CommandRun run = CommandRun.of("scan", storage, "--json");
            assertThat(run.json().at("/findings")).as(type).isEmpty();
            assertThat(run.code()).as(type).isZero();
        }
        CommandRun damaged = CommandRun.of(
                "scan",
                floatStorage("BF16")
                        .named("damaged")
                        .setNaN("model.layers.0.mlp.down_proj.weight.absmax", 3)
                        .setNaN("model.layers.1.mlp.down_proj.weight", 3)
                        .into(folder),
                "--json");
        assertThat(damaged.json().findValuesAsText("subject"))
                .as("a scale and a weight that are numbers")
                .contains("model.layers.0.mlp.down_proj.weight.absmax", "model.layers.1.mlp.down_proj.weight")
                .doesNotContain("model.layers.0.mlp.up_proj.weight");
    }

    /** Every 4-bit code byte 0xFF, which is a NaN read as a number of any float type. */
    private static Corruptor floatStorage(String type) {
        int size = type.equals("F32") ? 4 : 2;
        Corruptor storage =
                Corruptor.of(Fixtures.path("quantized/bnb-fp4-bf16-storage")).named(type);
        for (String module : new String[] {"mlp.down_proj", "mlp.gate_proj", "mlp.up_proj"}) {
            byte[] codes = new byte[65_536];
            Arrays.fill(codes, (byte) 0xFF);
            storage = storage.replaceBytes("model.layers.0." + module + ".weight", type, codes, codes.length / size, 1);
        }
        return storage;
    }

    @Test
    void aScaleThatIsNotFiniteIsToldOnceWithWhatDecodesFromIt(@TempDir Path folder) {
        Path broken = Corruptor.of(Fixtures.path("quantized/ct-int8-channel"))
                .setNaN("model.layers.0.mlp.down_proj.weight_scale", 3)
                .into(folder);
        CommandRun run = CommandRun.of("scan", broken, "--json");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.json().at("/findings")).hasSize(1);
        assertThat(run.json().at("/findings/0/subject").asText())
                .isEqualTo("model.layers.0.mlp.down_proj.weight_scale");
        assertThat(run.json().at("/findings/0/message").asText())
                .contains("1 NaN of", " NaN of", "values of model.layers.0.mlp.down_proj.weight decode from it");
    }

    @Test
    void anExponentThatIsNoNumberIsToldOnce(@TempDir Path folder) {
        Path broken = Corruptor.of(Fixtures.path("quantized/ct-mxfp4"))
                .changeBytes("model\\.layers\\.0\\.mlp\\.down_proj\\.weight_scale", bytes -> {
                    bytes[5] = (byte) 0xFF;
                    return bytes;
                })
                .into(folder);
        CommandRun run = CommandRun.of("scan", broken, "--json");
        assertThat(run.json().findValuesAsText("id")).containsExactly("scale-non-finite");
        assertThat(run.json().at("/findings/0/subject").asText())
                .isEqualTo("model.layers.0.mlp.down_proj.weight_scale");
        assertThat(run.json().at("/findings/0/message").asText())
                .contains("1 of", "the exponent 0xFF", "32 NaN of", "decode from it");
    }

    @Test
    void anUnknownFormatIsScannedWhereItIsFloat(@TempDir Path folder) {
        Path artifact = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .editConfig(config -> config.putObject("quantization_config").put("quant_method", "of_tomorrow"))
                .retypeTensors(".*down_proj\\.weight", "F8_E4M3")
                .setNaN("model.norm.weight", 0)
                .into(folder);
        CommandRun run = CommandRun.of("scan", artifact, "--json");
        assertThat(run.json().findValuesAsText("id"))
                .containsExactly("format-not-known", "values-not-scanned", "non-finite-weight");
        assertThat(run.json().at("/tensors")).hasSize(46);
        CommandRun evaluated = CommandRun.of("evaluate", artifact, "--tokens", tokens(folder), "--json");
        assertThat(evaluated.code()).isEqualTo(3);
        assertThat(evaluated.json().at("/error/id").asText()).isEqualTo("format-not-known");
        for (CommandRun refused : List.of(
                CommandRun.of("decode", artifact, "--out", folder.resolve("decoded"), "--json"),
                CommandRun.of(
                        "quantize",
                        artifact,
                        "--out",
                        folder.resolve("quantized"),
                        "--method",
                        "rtn",
                        "--bits",
                        8,
                        "--group-size",
                        64,
                        "--json"))) {
            assertThat(refused.json().at("/error/id").asText()).isEqualTo("format-not-known");
            assertThat(refused.code()).isEqualTo(3);
        }
    }

    private static Path tokens(Path folder) {
        try {
            return Files.writeString(folder.resolve("tokens.json"), "[1, 2, 3, 4]");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
