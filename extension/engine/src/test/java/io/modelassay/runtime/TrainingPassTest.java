package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.architecture.Parameter;
import io.modelassay.evaluation.TrainingStep;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.OpenModel;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a training step does to what it runs through. */
class TrainingPassTest {
    private static final Path BASE = Fixtures.path("tiny-llama");
    private static final List<int[]> WINDOWS = List.of(
            IntStream.range(100, 132).toArray(), IntStream.range(900, 932).toArray());

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"FP32", "BF16"})
    void aStepLowersTheLossAndLeavesTheBase(DType dtype) {
        try (OpenModel model = OpenModel.stored(BASE, dtype);
                PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/lora-qv"))) {
            AdapterPlan plan = AdapterPlan.of(adapter, model.language().plan());
            TrainingStep step = TrainingStep.of(model.language(), plan, WINDOWS);
            assertThat(step.lossAfter()).isBetween(0.5 * step.loss(), step.loss());
            assertThat(step.changedWeights()).isEmpty();
            assertThat(step.unreached()).isEmpty();
            assertThat(step.tokens()).isEqualTo(62);
        }
    }

    /** A base that does not come out the same each time, as an operation in place would leave it. */
    @Test
    void aWeightThatChangesIsNamed() {
        try (OpenModel model = OpenModel.wrapped(BASE, DType.FP32, Drifting::new);
                PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/lora-qv"))) {
            AdapterPlan plan = AdapterPlan.of(adapter, model.language().plan());
            assertThat(TrainingStep.of(model.language(), plan, WINDOWS).changedWeights())
                    .containsExactly(Drifting.NAME);
        }
    }

    @Test
    void nothingRecordsOutsideOfAStep() {
        Kernels kernels = Kernels.shared(OpenModel.engine(), "gradients.py");
        try (Tensor x = OpenModel.engine().floats(1, 2, 3);
                Tensor y = kernels.call("stepped", x, x, 0.5)) {
            assertThat(kernels.floats(y)).containsExactly(0.5f, 1, 1.5f);
            assertThat(y.array().hasGradient()).isFalse();
        }
    }

    private static final class Drifting implements Weights {
        static final String NAME = "model.layers.1.mlp.up_proj.weight";

        private final Weights stored;
        private int loads;

        Drifting(Weights stored) {
            this.stored = stored;
        }

        @Override
        public Tensor load(Parameter parameter, DType dtype) {
            Tensor loaded = stored.load(parameter, dtype);
            if (!parameter.name().equals(NAME) || loads++ == 0) {
                return loaded;
            }
            try (loaded) {
                return Kernels.shared(OpenModel.engine(), "gradients.py").call("stepped", loaded, loaded, 1e-3);
            }
        }

        @Override
        public Tensor rows(Parameter table, long first, long count, DType dtype) {
            return stored.rows(table, first, count, dtype);
        }

        @Override
        public Tensor gather(Parameter table, int[] ids, DType dtype) {
            return stored.gather(table, ids, dtype);
        }
    }
}
