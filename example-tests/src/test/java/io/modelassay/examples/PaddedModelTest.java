package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.conversion.Padding;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.inspection.PaddingReport;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A model whose MLPs do not divide among the ranks of tensor parallelism, as those of Qwen2-72B: what is said of it, and how it
 * is padded before it is quantized.
 */
class PaddedModelTest {
    @TempDir
    Path folder;

    @Test
    void groupsThatDoNotDivideAreNamedWithTheArithmetic() {
        try (ModelUnderTest model =
                ModelAssay.open(Fixtures.path("quantized/gptq-int4-g128")).load()) {
            assertThatThrownBy(() -> assertThat(model).isShardableAcross(2))
                    .hasMessageContaining("640 / 2 = 320 input channels are no multiple of the group size 128")
                    .hasMessageContaining("Padding.to(768)");
        }
    }

    @Test
    void aPaddedModelIsReadyToBeQuantized() {
        Path padded = folder.resolve("padded");
        try (Checkpoint original = Checkpoint.open(Fixtures.path("tiny-qwen2"))) {
            Padding.to(768).interleaved().write(original, padded);
        }
        try (ModelUnderTest model = ModelAssay.open(padded).load()) {
            assertThat(model).isPaddedBeforeQuantization().isShardableAcross(4).hasNoMissingKeys();
            assertThat(model.tensorParallel().quantizedTo(4, 128).sizes()).containsExactly(1, 2);
            PaddingReport report = model.paddingReport();
            assertThat(report.channels()).isEqualTo(128);
        }
    }

    @Test
    void aConfigThatWasForgottenIsFound() {
        Path padded = folder.resolve("padded");
        try (Checkpoint original = Checkpoint.open(Fixtures.path("tiny-qwen2"))) {
            Padding.to(768).interleaved().write(original, padded);
        }
        Path broken = Corruptor.of(padded)
                .editConfig(config -> config.put("intermediate_size", 640))
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(broken)) {
            assertThatThrownBy(() -> assertThat(checkpoint).isPaddedBeforeQuantization())
                    .hasMessageContaining("padding-config-not-updated")
                    .hasMessageContaining("Try: set intermediate_size to 768");
        }
    }
}
