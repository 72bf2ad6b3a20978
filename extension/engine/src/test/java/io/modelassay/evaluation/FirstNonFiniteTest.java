package io.modelassay.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Progress;
import io.modelassay.truth.EachModel;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a non-finite value first appears in a forward pass. */
class FirstNonFiniteTest {
    private static final Protocol WINDOWS = new Protocol(64);

    @TempDir
    Path folder;

    private final int[] tokens = Arrays.copyOf(Truths.firstTokens("tiny-qwen2"), 512);

    @EachModel
    void aHealthyModelHasNone(String name) {
        assertThat(first(Fixtures.path(name), DType.BF16)).isEmpty();
    }

    @Test
    void aNaNInAWeightIsSeenAtItsModuleAndRow() {
        Path broken = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .setNaN("model.layers.2.mlp.up_proj.weight", 7 * 256 + 31)
                .setNaN("model.layers.3.self_attn.q_proj.weight", 0)
                .into(folder);
        assertThat(first(broken, DType.BF16))
                .contains(new NonFiniteActivation("model.layers.2.mlp.up_proj", 512, 0, 7));
    }

    @Test
    void aNaNInTheEmbeddingIsSeenAtItsToken() {
        int token = 200;
        int at = 0;
        while (tokens[at] != tokens[token]) {
            at++;
        }
        long occurrences =
                Arrays.stream(tokens).filter(id -> id == tokens[token]).count();
        Path broken = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .setNaN("model.embed_tokens.weight", tokens[token] * 256L + 3)
                .into(folder);
        assertThat(first(broken, DType.BF16))
                .contains(new NonFiniteActivation("model.embed_tokens", occurrences, at, 3));
    }

    @Test
    void whatOverflowsInHalfPrecisionAloneIsSeenThereAlone() {
        Path broken = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .setValue("model.layers.1.self_attn.v_proj.bias", 5, 1e5)
                .into(folder);
        assertThat(first(broken, DType.BF16)).isEmpty();
        Optional<NonFiniteActivation> half = first(broken, DType.FP16);
        assertThat(half).contains(new NonFiniteActivation("model.layers.1.self_attn.v_proj", 512, 0, 5));
    }

    private Optional<NonFiniteActivation> first(Path checkpoint, DType dtype) {
        Evaluator evaluator = new Evaluator(ReferenceCache.in(folder), Progress.SILENT, Recorder.NONE);
        try (OpenModel model = OpenModel.stored(checkpoint, dtype)) {
            return evaluator.firstNonFinite(model.language(), tokens, WINDOWS);
        }
    }
}
