package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
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
                .containsOnly(tuple("non-finite-weight", TENSOR))
                .hasSize(2);
    }
}
