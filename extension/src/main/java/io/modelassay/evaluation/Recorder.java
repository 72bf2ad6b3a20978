package io.modelassay.evaluation;

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

    /** A check has been made. */
    void checked(Figure figure);
}
