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
        public void compared(Subject model, String text, Comparison comparison) {}

        @Override
        public void checked(Figure figure) {}
    };

    /**
     * {@code model} has been compared with its reference.
     *
     * @param text name of the text
     */
    void compared(Subject model, String text, Comparison comparison);

    /** A check has been made. */
    void checked(Figure figure);

    /**
     * The perplexity of {@code model} on its own has been measured.
     *
     * @param text name of the text
     */
    default void measured(Subject model, String text, Perplexity perplexity) {}

    /** Whether {@link #traced} is wanted, which costs a short forward pass a model and text. */
    default boolean tracesModels() {
        return false;
    }

    /**
     * What {@code model} computes on the first positions of {@code text}.
     *
     * @param text name of the text
     * @param provenance where it ran
     * @param tensors every weight and output in the order of computation
     */
    default void traced(Subject model, String text, Provenance provenance, List<TensorSketch> tensors) {}
}
