package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that are cut off and go on, outputs that are refused, hidden states on disk. */
class ModelQuantizerTest {
    private static final Calibration CALIBRATION = Calibration.read(
                    Fixtures.path("truths/quantizers/calibration-bos.json"))
            .first(8);
    private static final Quantization QUANTIZATION =
            Quantization.gptq(4, 128).with(GptqSettings.DEFAULT.order(GptqSettings.Order.ACT_ORDER));

    @TempDir
    private Path temp;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aKilledRunGoesOnToTheSameBytes(int layers) throws IOException {
        Path whole = temp.resolve("whole");
        Path cut = temp.resolve("cut");
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            assertThat(quantizer(checkpoint).into(whole).resumed()).isZero();
            assertThatThrownBy(() -> quantizer(checkpoint)
                            .reporting((task, done, total) -> {
                                if (done == layers) {
                                    throw new Killed();
                                }
                            })
                            .into(cut))
                    .isInstanceOf(Killed.class);
            assertThat(cut).doesNotExist();
            assertThatThrownBy(() -> quantizer(checkpoint).into(cut))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("There is an unfinished run of the same quantization in")
                    .hasMessageEndingWith("Try: resume it, or remove that folder");
            QuantizationReport report = quantizer(checkpoint).resuming().into(cut);
            assertThat(report.resumed()).isEqualTo(layers);
            assertThat(report.modules()).hasSize(28);
        }
        assertThat(cut.resolve("model.safetensors")).hasSameBinaryContentAs(whole.resolve("model.safetensors"));
        assertThat(entries(temp)).containsExactlyInAnyOrder("whole", "cut");
    }

    @Test
    void anUnfinishedRunOfOtherSettingsIsNotGoneOnFrom() {
        Path out = temp.resolve("out");
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            assertThatThrownBy(() -> quantizer(checkpoint)
                            .reporting((task, done, total) -> {
                                throw new Killed();
                            })
                            .into(out))
                    .isInstanceOf(Killed.class);
            assertThatThrownBy(() -> ModelQuantizer.of(checkpoint, Quantization.gptq(3, 128), CALIBRATION)
                            .resuming()
                            .into(out))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is of other weights, settings or calibration")
                    .hasMessageContaining("found:")
                    .hasMessageContaining("int4 g128 GPTQ act-order");
        }
    }

    @Test
    void hiddenStatesOnDiskGiveTheSameBytes() {
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("tiny-qwen2"))) {
            quantizer(checkpoint).into(temp.resolve("memory"));
            quantizer(checkpoint).hiddenStatesInMemory(0).into(temp.resolve("disk"));
        }
        assertThat(temp.resolve("disk/model.safetensors"))
                .hasSameBinaryContentAs(temp.resolve("memory/model.safetensors"));
    }

    @Test
    void anOutputWithFilesIsRefusedBeforeAnyWork() throws IOException {
        Path out = Files.createDirectories(temp.resolve("full"));
        Files.writeString(out.resolve("notes.txt"), "mine");
        List<String> steps = new ArrayList<>();
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            assertThatThrownBy(() -> quantizer(checkpoint)
                            .reporting((task, done, total) -> steps.add(task))
                            .into(out))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("exists and is not an empty folder");
        }
        assertThat(steps).isEmpty();
    }

    @Test
    void noTokensAreRefused() {
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            assertThatThrownBy(() -> ModelQuantizer.of(checkpoint, QUANTIZATION, Calibration.NONE)
                            .into(temp.resolve("out")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("The calibration no calibration has no tokens");
        }
    }

    private static ModelQuantizer quantizer(Checkpoint checkpoint) {
        return ModelQuantizer.of(checkpoint, QUANTIZATION, CALIBRATION);
    }

    private static List<String> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> String.valueOf(entry.getFileName())).toList();
        }
    }

    /** What stands for a kill: nothing catches it. */
    private static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }
}
