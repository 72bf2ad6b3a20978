package io.modelassay.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Progress;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same evaluation twice, from open to close with nothing shared, gives the same bits. */
class DeterminismTest {
    private final int[] tokens = Truths.firstTokens("tiny-qwen2");

    @ParameterizedTest
    @EnumSource(names = {"FP32", "BF16"})
    void figuresAreBitIdentical(DType dtype, @TempDir Path first, @TempDir Path second) {
        // Records of doubles are equal only bit for bit.
        assertThat(comparison(dtype, second)).isEqualTo(comparison(dtype, first));
    }

    @ParameterizedTest
    @EnumSource(names = {"FP32", "BF16"})
    void weightsHeldInMemoryGiveWhatStreamedOnesGive(DType dtype, @TempDir Path cache) {
        Protocol windows = new Protocol(128);
        try (OpenModel streamed = OpenModel.stored(Fixtures.path("tiny-qwen2"), dtype);
                ModelUnderTest held = ModelAssay.open(Fixtures.path("tiny-qwen2"))
                        .on(Device.CPU)
                        .computingIn(dtype)
                        .load()) {
            Evaluator evaluator = new Evaluator(ReferenceCache.in(cache), Progress.SILENT, Recorder.NONE);
            assertThat(held.perplexity(Text.ofTokens(tokens), windows))
                    .isEqualTo(evaluator.perplexity(streamed.language(), tokens, windows));
        }
    }

    private Comparison comparison(DType dtype, Path cache) {
        try (ModelUnderTest model = ModelAssay.open(Fixtures.path("tiny-qwen2"))
                .quantize(Quantization.rtn(3, 128))
                .on(Device.CPU)
                .computingIn(dtype)
                .load(new Evaluator(ReferenceCache.in(cache), Progress.SILENT, Recorder.NONE))) {
            return model.comparison(Text.ofTokens(tokens), new Protocol(128));
        }
    }
}
