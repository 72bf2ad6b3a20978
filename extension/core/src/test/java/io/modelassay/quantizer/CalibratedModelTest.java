package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.evaluation.Protocol;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models under test that are quantized with a calibration: they compute what the artifact on disk does. */
class CalibratedModelTest {
    private static final Path TEXT = Fixtures.path("text/calibration.txt");
    private static final Text HELD_OUT = Text.ofTokens(Truths.firstTokens("tiny-llama"));
    private static final Protocol PROTOCOL = new Protocol(256);

    @TempDir
    private Path temp;

    private static ModelUnderTest model(Quantization quantization) {
        return ModelAssay.open(Fixtures.path("tiny-llama"))
                .quantize(quantization)
                .computingIn(DType.FP32)
                .load();
    }

    @Test
    void theModelComputesWhatItsArtifactDoes() {
        Quantization quantization = Quantization.gptq(3, 128).calibratedOn(TEXT);
        Path out = temp.resolve("artifact");
        Calibration calibration;
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("tiny-llama"));
                ModelUnderTest plain =
                        ModelAssay.open(Fixtures.path("tiny-llama")).load()) {
            calibration = Calibration.ofTokens("text", plain.tokens(Text.of(TEXT)), 512)
                    .first(128);
            ModelQuantizer.of(checkpoint, quantization, calibration)
                    .computingIn(DType.FP32)
                    .into(out);
        }
        try (ModelUnderTest model = model(quantization);
                ModelUnderTest artifact =
                        ModelAssay.open(out).computingIn(DType.FP32).load();
                ModelUnderTest rounded = model(Quantization.rtn(3, 128))) {
            double perplexity = model.perplexity(HELD_OUT, PROTOCOL).value();
            assertThat(perplexity)
                    .isEqualTo(artifact.perplexity(HELD_OUT, PROTOCOL).value())
                    .isLessThan(rounded.perplexity(HELD_OUT, PROTOCOL).value());
            assertThat(model.name()).isEqualTo("tiny-llama as int3 g128 GPTQ");
            assertThat(model.reference().perplexity(HELD_OUT, PROTOCOL).value()).isLessThan(perplexity);
        }
    }

    @Test
    void withoutACalibrationThereIsNoModel() {
        try (ModelUnderTest model = model(Quantization.gptq(4, 128))) {
            assertThatThrownBy(() -> model.perplexity(HELD_OUT, PROTOCOL))
                    .hasMessage("int4 g128 GPTQ needs a text that flows through the model\nTry: calibration = \"a text"
                            + " file\"");
        }
    }
}
