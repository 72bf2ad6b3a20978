package io.modelassay.matrix.result;

import io.modelassay.report.FigureLine.Sketch;
import io.modelassay.report.FigureLine.Traced;
import io.modelassay.runtime.TensorSketch.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What a model computes in one cell against the baseline's, tensor by tensor in the order of computation.
 *
 * @param model name of the model
 * @param text name of the text
 * @param dtype the compute type; where a model was measured in several, the coarsest
 * @param differences of all tensors in order; empty where they cannot be compared
 * @param note why they cannot be compared; may be empty
 */
record TensorComparison(String model, String text, String dtype, List<TensorDifference> differences, String note) {

    /** Every model and text that both cells have traced. */
    static List<TensorComparison> of(CellResult baseline, CellResult here) {
        List<TensorComparison> comparisons = new ArrayList<>();
        for (Pairing<Traced> pair : Pairing.of(
                baseline.traces(), here.traces(), trace -> trace.model() + "\n" + trace.text(), (a, b) -> true)) {
            Traced before = pair.before();
            Traced after = pair.after();
            if (before != null && after != null) {
                comparisons.add(of(baseline, here, before, after));
            }
        }
        return List.copyOf(comparisons);
    }

    private static TensorComparison of(CellResult baseline, CellResult here, Traced before, Traced after) {
        TreeSet<Settings> there = settings(baseline, before);
        TreeSet<Settings> own = settings(here, after);
        String dtype = there.isEmpty() ? "bf16" : there.last().dtype();
        boolean sameCount = traces(baseline, before) == traces(here, after);
        String note = there.isEmpty() || own.isEmpty()
                ? ""
                : there.equals(own)
                        ? sameCount ? "" : "another number of traces"
                        : own.last().against(there.last());
        return new TensorComparison(
                before.model(),
                before.text(),
                dtype,
                note.isEmpty() ? differences(before, after, Noise.of(dtype, before.model())) : List.of(),
                note);
    }

    private static long traces(CellResult cell, Traced trace) {
        return cell.traces().stream()
                .filter(other ->
                        other.model().equals(trace.model()) && other.text().equals(trace.text()))
                .count();
    }

    /** How the model was measured on the text, finest type first. */
    private static TreeSet<Settings> settings(CellResult cell, Traced trace) {
        TreeSet<Settings> settings = new TreeSet<>(Comparator.comparingDouble(
                        (Settings each) -> Noise.of(each.dtype(), "").weight())
                .thenComparing(Settings::toString));
        Stream.concat(
                        cell.comparisons().stream()
                                .filter(figure -> figure.model().equals(trace.model())
                                        && figure.text().equals(trace.text()))
                                .map(Settings::of),
                        cell.perplexities().stream()
                                .filter(figure -> figure.model().equals(trace.model())
                                        && figure.text().equals(trace.text()))
                                .map(Settings::of))
                .forEach(settings::add);
        return settings;
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
