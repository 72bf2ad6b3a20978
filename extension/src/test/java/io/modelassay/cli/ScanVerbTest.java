package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

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
}
