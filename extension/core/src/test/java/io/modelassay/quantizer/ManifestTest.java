package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An artifact that is not whole, or no longer what was written, or never can be. */
class ManifestTest {
    @TempDir
    private Path folder;

    private ModelQuantizer quantizer(Checkpoint source, Quantization quantization) {
        return ModelQuantizer.of(source, quantization, Calibration.NONE);
    }

    @Test
    void aFlippedByteIsFoundInItsTensor() throws IOException {
        Path out = folder.resolve("out");
        try (Checkpoint source = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            quantizer(source, Quantization.nf4()).into(out);
        }
        assertThat(Manifest.verify(out)).isEmpty();
        String name = "model.layers.2.mlp.up_proj.weight.absmax";
        long offset;
        try (Checkpoint written = Checkpoint.open(out)) {
            offset = written.tensor(name).offset();
        }
        try (RandomAccessFile file =
                new RandomAccessFile(out.resolve("model.safetensors").toFile(), "rw")) {
            file.seek(offset);
            int before = file.read();
            file.seek(offset);
            file.write(before ^ 1);
        }
        assertThat(Manifest.verify(out)).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("manifest-disagrees");
            assertThat(finding.subject()).isEqualTo(name);
        });
    }

    @Test
    void nothingIsLeftOfARunThatIsBrokenOff() throws IOException {
        try (Checkpoint source = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            ModelQuantizer broken = quantizer(source, Quantization.rtn(4, 128)).reporting((what, done, all) -> {
                if (done > all / 2) {
                    throw new IllegalStateException("broken off");
                }
            });
            assertThatIllegalStateException().isThrownBy(() -> broken.into(folder.resolve("out")));
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void whatAFormatCannotHoldIsRefusedBeforeAnythingIsWritten() throws IOException {
        try (Checkpoint source = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            refused(source, Quantization.rtn(4, 96), "awq", "has groups of one size only");
            refused(source, Quantization.rtn(4, 96), "pack-quantized", "has groups of one size only");
            refused(source, Quantization.rtn(8, 128), "awq", "has 4 bits only");
            refused(source, Quantization.rtn(4, 128).asymmetric(), "gptq", "gptq_v2 has");
            refused(source, Quantization.nf4(), "gptq_v2", "stores integer codes");
            refused(source, Quantization.rtn(4, 128), "bitsandbytes", "stores NF4, FP4 and LLM.int8");
            refused(source, Quantization.fp8(Granularity.BLOCK), "naive-quantized", "fp8 is");
            refused(source, Quantization.fp8(Granularity.CHANNEL), "fp8", "for each block");
        }
        try (Checkpoint quantized = Checkpoint.open(Fixtures.path("quantized/bnb-nf4"))) {
            assertThatThrownBy(() -> quantizer(quantized, Quantization.nf4()).into(folder.resolve("out")))
                    .isInstanceOf(QuantizerException.class)
                    .hasMessageContaining("is U8")
                    .hasMessageContaining("not quantized");
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    /** compressed-tensors 0.19 removed actorder='group', and with it weight_g_idx. */
    @Test
    void anOrderOfChannelsThatTheNewestCompressedTensorsHasNoPlaceForIsRefused() throws IOException {
        GptqSettings ordered = GptqSettings.DEFAULT.order(GptqSettings.Order.ACT_ORDER);
        try (Checkpoint source = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            Quantization quantization = Quantization.gptq(4, 128).with(ordered);
            refused(
                    source,
                    quantization,
                    "pack-quantized",
                    "compressed-tensors from 0.19.0 on has no weight_g_idx (\"actorder='group' has been removed\")."
                            + " 0.17.1 and 0.18.0 load it\nTry: static groups, or no act-order");
        }
        ArtifactFormat format = new PackQuantizedFormat();
        assertThat(format.refusedByNewest(Quantization.gptq(4, 128).with(ordered.withStaticGroups())))
                .isEmpty();
        assertThat(format.refusedByNewest(Quantization.gptq(4, 128))).isEmpty();
        assertThat(new GptqFormat().refusedByNewest(Quantization.gptq(4, 128).with(ordered)))
                .isEmpty();
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    private void refused(Checkpoint source, Quantization quantization, String format, String why) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> quantizer(source, quantization).format(format).into(folder.resolve("out")))
                .withMessageContaining(why);
    }
}
