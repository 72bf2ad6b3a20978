package io.modelassay.evaluation;

import io.modelassay.runtime.TensorSketch;
import java.util.List;
import org.apiguardian.api.API;

/**
 * Several recorders that are told the same.
 *
 * @param all told in this order
 */
@API(status = API.Status.INTERNAL)
public record Recorders(List<Recorder> all) implements Recorder {
    @Override
    public void compared(Subject model, String text, Comparison comparison) {
        all.forEach(recorder -> recorder.compared(model, text, comparison));
    }

    @Override
    public void checked(Figure figure) {
        all.forEach(recorder -> recorder.checked(figure));
    }

    @Override
    public void measured(Subject model, String text, Perplexity perplexity) {
        all.forEach(recorder -> recorder.measured(model, text, perplexity));
    }

    @Override
    public boolean tracesModels() {
        return all.stream().anyMatch(Recorder::tracesModels);
    }

    @Override
    public void traced(Subject model, String text, Provenance provenance, List<TensorSketch> tensors) {
        all.stream()
                .filter(Recorder::tracesModels)
                .forEach(recorder -> recorder.traced(model, text, provenance, tensors));
    }
}
