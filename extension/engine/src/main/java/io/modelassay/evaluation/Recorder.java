package io.modelassay.evaluation;

import io.modelassay.runtime.TensorSketch;
import java.util.List;
import org.apiguardian.api.API;

/** Told of every figure that is computed and of every check that is made, for a report. Called from any thread. */
@API(status = API.Status.EXPERIMENTAL)
public interface Recorder {
    /** Keeps nothing. */
    Recorder NONE = new Recorder() {
        @Override
        public void compared(String model, String text, Comparison comparison) {}

        @Override
        public void checked(Figure figure) {}
    };

    /**
     * {@code model} has been compared with its reference.
     *
     * @param model name of the model, its quantization included
     * @param text name of the text
     */
    void compared(String model, String text, Comparison comparison);

    /** {@code model} is what figures and checks of its name are about; told before them, as often as they come. */
    default void described(ModelIdentity model) {}

    /** A check has been made. */
    void checked(Figure figure);

    /**
     * The perplexity of {@code model} on its own has been measured.
     *
     * @param model name of the model, its quantization included
     * @param text name of the text
     */
    default void measured(String model, String text, Perplexity perplexity) {}

    /** Whether {@link #traced} is wanted, which costs a short forward pass a model and text. */
    default boolean tracesModels() {
        return false;
    }

    /**
     * What {@code model} computes on the first positions of {@code text}.
     *
     * @param model name of the model, its quantization included
     * @param text name of the text
     * @param provenance where it ran
     * @param tensors every weight and output in the order of computation
     */
    default void traced(String model, String text, Provenance provenance, List<TensorSketch> tensors) {}
}
