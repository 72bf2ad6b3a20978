package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** A model that only has pytorch_model.bin computes as it does in transformers. */
class TorchLogitsTest {
    @Test
    void logitsAreTheRecordedOnes() {
        Path folder = Fixtures.path("bin/tiny-mistral-one-layer");
        try (Checkpoint truth = Checkpoint.open(folder.resolve("logits.safetensors"));
                Checkpoint stored = Checkpoint.open(folder);
                ModelUnderTest model = ModelAssay.open(folder)
                        .on(Device.CPU)
                        .computingIn(DType.FP32)
                        .load()) {
            assertThat(stored.tensorFiles()).containsExactly(folder.resolve("pytorch_model.bin"));
            assertThat(stored.notes()).extracting(Finding::id).containsExactly("shared-storage");
            String name = truth.tensors().firstKey();
            float[][] logits = model.logits(Arrays.copyOf(Truths.firstTokens("tiny-mistral"), 64));
            assertThat(Deviation.largest(Truths.floats(truth, name), logits)).isLessThan(1e-3);
        }
    }
}
