package io.modelassay.matrix.result;

import io.modelassay.report.FigureLine.Sketch;
import io.modelassay.report.FigureLine.Traced;
import io.modelassay.runtime.TensorSketch.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a model computes in one cell against the baseline's, tensor by tensor in the order of computation.
 *
 * @param model name of the model
 * @param text name of the text
 * @param dtype the compute type
 * @param differences of all tensors in order; empty where they cannot be compared
 * @param note why they cannot be compared; may be empty
 */
record TensorComparison(String model, String text, String dtype, List<TensorDifference> differences, String note) {

    /** Every model and text that both cells have traced. */
    static List<TensorComparison> of(CellResult baseline, CellResult here) {
        CalibratedModels calibrated = CalibratedModels.of(baseline, here);
        List<TensorComparison> comparisons = new ArrayList<>();
        for (Pairing<Traced> pair : Pairing.of(
                baseline.traces(),
                here.traces(),
                trace -> trace.model() + "\n" + trace.text(),
                (a, b) -> Settings.of(a).equals(Settings.of(b)))) {
            Traced before = pair.before();
            Traced after = pair.after();
            if (before != null && after != null) {
                comparisons.add(of(before, after, calibrated.noise(before.dtype(), before.model())));
            }
        }
        return List.copyOf(comparisons);
    }

    private static TensorComparison of(Traced before, Traced after, Noise noise) {
        String note = Settings.of(after).against(Settings.of(before));
        return new TensorComparison(
                before.model(),
                before.text(),
                before.dtype(),
                note.isEmpty() ? differences(before, after, noise) : List.of(),
                note);
    }

    private static List<TensorDifference> differences(Traced before, Traced after, Noise noise) {
        Map<String, Sketch> here = new LinkedHashMap<>();
        after.tensors().forEach(tensor -> here.put(name(tensor), tensor));
        List<TensorDifference> differences = new ArrayList<>();
        int outputs = 0;
        for (Sketch tensor : before.tensors()) {
            double limit = tensor.kind() == Kind.WEIGHT ? noise.weight() : noise.output(outputs++);
            differences.add(TensorDifference.of(
                    differences.size(), tensor, Optional.ofNullable(here.remove(name(tensor))), limit));
        }
        for (Sketch extra : here.values()) {
            differences.add(new TensorDifference(differences.size(), extra, null, 0, "absent with the baseline"));
        }
        return List.copyOf(differences);
    }

    private static String name(Sketch tensor) {
        return tensor.kind() + " " + tensor.name();
    }

    /** Where it begins to differ, or why nobody knows; nothing where all is the same. */
    Optional<TensorChange> change() {
        if (!note.isEmpty()) {
            return Optional.of(new TensorChange(model, text, dtype, null, null, note));
        }
        return differences.stream()
                .filter(difference -> !difference.isSame())
                .findFirst()
                .map(first -> new TensorChange(
                        model,
                        text,
                        dtype,
                        first.place(),
                        differences.stream()
                                .filter(TensorDifference::isBeyondNoise)
                                .findFirst()
                                .map(TensorDifference::place)
                                .orElse(null),
                        ""));
    }
}
