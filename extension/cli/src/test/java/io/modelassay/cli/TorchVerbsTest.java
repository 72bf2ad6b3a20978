package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs over a folder that only has pytorch_model.bin, and over a file made to harm. */
class TorchVerbsTest {
    private static final Path MODEL = Fixtures.path("bin/tiny-mistral-one-layer");

    @Test
    void inspectFindsEveryParameter() {
        CommandRun run = CommandRun.of("inspect", MODEL, "--json");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.json().at("/load_report/missing")).isEmpty();
        assertThat(run.json().at("/load_report/unexpected")).isEmpty();
        assertThat(run.json().at("/findings").findValuesAsText("id"))
                .containsExactly("tied-head-stored-twice", "shared-storage");
    }

    @Test
    void scanReadsEveryValue() {
        CommandRun run = CommandRun.of("scan", MODEL, "--json");
        assertThat(run.code()).as(run.err()).isZero();
        try (Checkpoint checkpoint = Checkpoint.open(MODEL)) {
            assertThat(run.json().at("/bytes").asLong()).isEqualTo(checkpoint.byteSize());
            assertThat(run.json().at("/tensors"))
                    .hasSameSizeAs(checkpoint.tensors().keySet());
        }
    }

    @Test
    void decodeWritesSafetensors(@TempDir Path folder) {
        Path out = folder.resolve("out");
        CommandRun run = CommandRun.of("decode", MODEL, "--out", out, "--dtype", "fp16");
        assertThat(run.code()).as(run.err()).isZero();
        try (Checkpoint stored = Checkpoint.open(MODEL);
                Checkpoint written = Checkpoint.open(out)) {
            assertThat(written.tensorFiles()).containsExactly(out.resolve("model.safetensors"));
            assertThat(written.tensors().keySet()).isEqualTo(stored.tensors().keySet());
            for (TensorInfo tensor : stored.tensors().values()) {
                assertThat(written.map(written.tensor(tensor.name()))).isEqualTo(stored.map(tensor));
            }
        }
    }

    @Test
    void hostileFilesAreAnUnreadableArtifact() {
        CommandRun run = CommandRun.of("inspect", Fixtures.path("bin/hostile/os-system.bin"), "--json");
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.json().at("/error/id").asText()).isEqualTo("unsafe-pickle");
        assertThat(run.json().at("/error/message").asText()).contains("os.system");
    }
}
