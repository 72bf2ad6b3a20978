package io.modelassay.assertions;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Evaluator;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Recorder;
import io.modelassay.evaluation.ReferenceCache;
import io.modelassay.evaluation.Subject;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Opens models on the CPU that share one evaluator, closes them together, and keeps what they record. */
final class Models implements AutoCloseable {
    static final Path QWEN = Fixtures.path("tiny-qwen2");
    static final Path LLAMA = Fixtures.path("tiny-llama");

    /** Fills one window of 512 tokens. */
    static final Text TEXT =
            Text.ofString(Fixtures.text("held-out.txt").substring(0, 2000)).named("held-out.txt");

    private final List<ModelUnderTest> open = new ArrayList<>();
    private final List<Figure> figures = new ArrayList<>();
    private final Evaluator evaluator;

    Models(Path cache) {
        this.evaluator = new Evaluator(ReferenceCache.in(cache), Progress.SILENT, new Recorder() {
            @Override
            public void compared(Subject model, String text, Comparison comparison) {}

            @Override
            public void checked(Figure figure) {
                figures.add(figure);
            }
        });
    }

    ModelUnderTest open(Path folder) {
        return open(folder, settings -> settings);
    }

    ModelUnderTest open(Path folder, UnaryOperator<ModelAssay> settings) {
        ModelUnderTest model = settings.apply(
                        ModelAssay.open(folder).on(Device.CPU).computingIn(DType.FP32))
                .load(evaluator);
        open.add(model);
        return model;
    }

    /** The check that was recorded last. */
    Figure lastFigure() {
        return figures.get(figures.size() - 1);
    }

    @Override
    public void close() {
        open.forEach(ModelUnderTest::close);
    }
}
