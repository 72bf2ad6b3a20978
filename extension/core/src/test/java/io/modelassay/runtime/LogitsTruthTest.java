package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Protocol;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.EachModel;
import io.modelassay.truth.Truths;
import java.util.Arrays;

/** Logits of every fixture against those of the real transformers. */
class LogitsTruthTest {
    @EachModel
    void logitsOfTheFirstTokensAreTheRecordedOnes(String name) {
        try (Checkpoint truth = Truths.tensors(name + "/logits.safetensors");
                ModelUnderTest model = open(name, DType.FP32)) {
            float[] expected = Truths.floats(truth, "logits");
            float[][] logits = model.logits(Arrays.copyOf(Truths.firstTokens(name), 128));
            assertThat(Deviation.largest(expected, logits)).isLessThan(1e-3);
        }
    }

    /** Some CPUs and engine builds have no half-precision arithmetic; that must be said, not crash. */
    @EachModel
    void fp16ComputesOrFailsWithATypedError(String name) {
        Text text = Text.ofTokens(Truths.firstTokens(name));
        try (ModelUnderTest half = open(name, DType.FP16);
                ModelUnderTest full = open(name, DType.FP32)) {
            Perplexity reference = full.perplexity(text, new Protocol(256));
            Perplexity[] perplexity = new Perplexity[1];
            Throwable failure = catchThrowableOfType(
                    RuntimeFailure.class, () -> perplexity[0] = half.perplexity(text, new Protocol(256)));
            if (failure == null) {
                assertThat(perplexity[0].value() / reference.value()).isBetween(0.995, 1.005);
            }
        }
    }

    private static ModelUnderTest open(String name, DType dtype) {
        return ModelAssay.open(Fixtures.path(name))
                .on(Device.CPU)
                .computingIn(dtype)
                .load();
    }
}
