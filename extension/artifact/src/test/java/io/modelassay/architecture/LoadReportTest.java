package io.modelassay.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.architecture.LoadReport.Mismatch;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.EachModel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadReportTest {
    @TempDir
    Path folder;

    @EachModel
    void aHealthyCheckpointIsClean(String name) {
        LoadReport report = report(Fixtures.path(name));
        assertThat(report.isClean()).isTrue();
        assertThat(report.missing()).isEmpty();
        assertThat(report.unexpected()).isEmpty();
        assertThat(report.mismatched()).isEmpty();
        assertThat(report.checked()).isGreaterThan(25);
    }

    @Test
    void aTensorThatIsNotThereIsMissing() {
        LoadReport report = report(Corruptor.of(Fixtures.path("tiny-llama"))
                .removeTensor("model.layers.3.mlp.up_proj.weight")
                .removeTensor("model.layers.0.input_layernorm.weight")
                .into(folder));
        assertThat(report.missing())
                .containsExactly("model.layers.0.input_layernorm.weight", "model.layers.3.mlp.up_proj.weight");
        assertThat(report.unexpected()).isEmpty();
        assertThat(report.isClean()).isFalse();
    }

    @Test
    void aTensorThatTheArchitectureHasNotIsUnexpected() {
        LoadReport report = report(Corruptor.of(Fixtures.path("tiny-qwen2"))
                .addTensor("model.layers.1.mlp.down_proj.bias", "BF16", 256)
                .addTensor("model.layers.0.self_attn.o_proj.bias", "BF16", 256)
                .into(folder));
        assertThat(report.unexpected())
                .containsExactly("model.layers.0.self_attn.o_proj.bias", "model.layers.1.mlp.down_proj.bias");
        assertThat(report.missing()).isEmpty();
        assertThat(report.isClean()).isFalse();
    }

    @Test
    void aRenamedTensorIsBothMissingAndUnexpected() {
        LoadReport report = report(Corruptor.of(Fixtures.path("tiny-qwen2"))
                .renameTensor("model.norm.weight", "model.final_norm.weight")
                .into(folder));
        assertThat(report.missing()).containsExactly("model.norm.weight");
        assertThat(report.unexpected()).containsExactly("model.final_norm.weight");
    }

    @Test
    void aTensorOfAnotherShapeIsMismatched() {
        LoadReport report = report(Corruptor.of(Fixtures.path("tiny-qwen2"))
                .setShape("model.layers.2.mlp.down_proj.weight", 640, 256)
                .into(folder));
        assertThat(report.mismatched())
                .containsExactly(
                        new Mismatch("model.layers.2.mlp.down_proj.weight", Shape.of(256, 640), Shape.of(640, 256)));
        assertThat(report.missing()).isEmpty();
        assertThat(report.isClean()).isFalse();
    }

    @Test
    void onlyAnUntiedHeadCanBeMissing() {
        assertThat(Checkpoint.open(Fixtures.path("tiny-qwen2")).find("lm_head.weight"))
                .isEmpty();
        assertThat(report(Fixtures.path("tiny-qwen2")).isClean()).isTrue();
        LoadReport untied = report(Corruptor.of(Fixtures.path("tiny-llama"))
                .removeTensor("lm_head.weight")
                .into(folder));
        assertThat(untied.missing()).containsExactly("lm_head.weight");
    }

    @Test
    void aTiedHeadThatIsStoredAllTheSameIsClean() {
        LoadReport report = report(Corruptor.of(Fixtures.path("tiny-qwen2"))
                .addTensor("lm_head.weight", "BF16", 2048, 256)
                .into(folder));
        assertThat(report.isClean()).isTrue();
    }

    @Test
    void buffersThatEveryLoaderComputesAnewAreClean() {
        LoadReport report = report(Corruptor.of(Fixtures.path("tiny-llama"))
                .addTensor("model.layers.0.self_attn.rotary_emb.inv_freq", "F32", 32)
                .into(folder));
        assertThat(report.isClean()).isTrue();
    }

    private static LoadReport report(Path model) {
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            return LoadReport.of(checkpoint, Architectures.require(checkpoint.config()));
        }
    }
}
