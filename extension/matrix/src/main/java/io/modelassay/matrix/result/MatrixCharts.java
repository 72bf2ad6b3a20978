package io.modelassay.matrix.result;

import io.modelassay.matrix.result.ChartSubjects.Subject;
import io.modelassay.report.FigureLine.Sketch;
import io.modelassay.report.FigureLine.Traced;
import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.Layer;
import io.modelassay.runtime.TensorSketch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The numbers behind the charts of the page, one line or bar a stack.
 *
 * @param stacks names of all stacks, in order
 * @param drift perplexity drifts of all models in percent
 * @param layers output errors by layer, a chart a model
 * @param headroom largest magnitudes of outputs in the order of computation, against the end of fp16, a chart a model
 * @param tensors relative differences from the baseline in the order of computation, a chart a model
 */
record MatrixCharts(List<String> stacks, Chart drift, List<Chart> layers, List<Chart> headroom, List<Chart> tensors) {
    /** The largest finite fp16. */
    private static final double HALF_MAX = 65504;

    /**
     * Lines or bars over common names.
     *
     * @param model what it is of; empty for all models
     * @param names of what stands on the axis
     * @param noise what rounding may make of each; empty where that is not drawn
     * @param series one a stack
     */
    record Chart(String model, List<String> names, List<Double> noise, List<Series> series) {}

    /**
     * @param name name of the stack
     * @param values one a name, {@code null} where there is none
     */
    record Series(String name, List<@Nullable Double> values) {}

    static MatrixCharts of(MatrixResult matrix) {
        ChartSubjects subjects = ChartSubjects.of(matrix);
        return new MatrixCharts(
                matrix.stacks(),
                drift(matrix, subjects),
                layers(matrix, subjects),
                headroom(matrix, subjects),
                tensors(matrix, subjects));
    }

    private static Chart drift(MatrixResult matrix, ChartSubjects subjects) {
        List<Series> series = new ArrayList<>();
        for (String stack : matrix.stacks()) {
            List<@Nullable Double> values = new ArrayList<>();
            for (Subject subject : subjects.all()) {
                values.add(subjects.compared(subject, stack)
                        .map(Compared::driftPercent)
                        .orElse(null));
            }
            series.add(new Series(stack, values));
        }
        return new Chart("", subjects.all().stream().map(subjects::label).toList(), List.of(), series);
    }

    private static List<Chart> layers(MatrixResult matrix, ChartSubjects subjects) {
        List<Chart> charts = new ArrayList<>();
        for (Subject subject : subjects.all()) {
            LinkedHashSet<String> names = new LinkedHashSet<>();
            List<Series> series = new ArrayList<>();
            matrix.stacks()
                    .forEach(stack -> subjects.compared(subject, stack)
                            .ifPresent(row -> row.layerErrors().forEach(layer -> names.add(layer.layer()))));
            matrix.stacks()
                    .forEach(stack -> subjects.compared(subject, stack)
                            .ifPresent(row -> series.add(new Series(stack, errors(row, names)))));
            if (!names.isEmpty()) {
                charts.add(new Chart(subjects.label(subject), List.copyOf(names), List.of(), series));
            }
        }
        return charts;
    }

    private static List<@Nullable Double> errors(Compared row, LinkedHashSet<String> names) {
        Map<String, @Nullable Double> errors = new LinkedHashMap<>();
        for (Layer layer : row.layerErrors()) {
            errors.put(layer.layer(), layer.error());
        }
        List<@Nullable Double> values = new ArrayList<>();
        names.forEach(name -> values.add(positive(errors.get(name))));
        return values;
    }

    private static List<Chart> headroom(MatrixResult matrix, ChartSubjects subjects) {
        Map<Subject, Chart> charts = new LinkedHashMap<>();
        for (CellComparison cell : matrix.cells()) {
            if (cell.result() == null) {
                continue;
            }
            for (Traced trace : cell.result().traces()) {
                Subject subject = new Subject(cell.suite(), trace.model(), trace.text());
                List<Sketch> outputs = trace.tensors().stream()
                        .filter(tensor -> tensor.kind() == TensorSketch.Kind.OUTPUT)
                        .toList();
                Chart chart = charts.computeIfAbsent(
                        subject,
                        unused -> new Chart(
                                subjects.label(subject),
                                outputs.stream().map(Sketch::name).toList(),
                                Collections.nCopies(outputs.size(), HALF_MAX),
                                new ArrayList<>()));
                if (chart.series().stream().noneMatch(series -> series.name().equals(cell.stack()))) {
                    Map<String, @Nullable Double> largest = new LinkedHashMap<>();
                    outputs.forEach(output -> largest.put(output.name(), output.largest()));
                    List<@Nullable Double> values = new ArrayList<>();
                    chart.names().forEach(name -> values.add(positive(largest.get(name))));
                    chart.series().add(new Series(cell.stack(), values));
                }
            }
        }
        return List.copyOf(charts.values());
    }

    private static List<Chart> tensors(MatrixResult matrix, ChartSubjects subjects) {
        Map<Subject, Chart> charts = new LinkedHashMap<>();
        for (CellComparison cell : matrix.cells()) {
            CellResult baseline = matrix.cell(cell.suite(), matrix.baseline()).result();
            CellResult here = cell.result();
            if (baseline == null || here == null || matrix.isBaseline(cell)) {
                continue;
            }
            for (TensorComparison comparison : TensorComparison.of(baseline, here)) {
                if (!comparison.differences().isEmpty()) {
                    Subject subject = new Subject(cell.suite(), comparison.model(), comparison.text());
                    charts.computeIfAbsent(subject, unused -> axis(subjects.label(subject), comparison))
                            .series()
                            .add(new Series(cell.stack(), differences(comparison)));
                }
            }
        }
        return List.copyOf(charts.values());
    }

    private static Chart axis(String label, TensorComparison comparison) {
        return new Chart(
                label,
                comparison.differences().stream()
                        .map(each -> each.place().kind() + " " + each.tensor().name())
                        .toList(),
                comparison.differences().stream().map(TensorDifference::noise).toList(),
                new ArrayList<>());
    }

    private static List<@Nullable Double> differences(TensorComparison comparison) {
        List<@Nullable Double> values = new ArrayList<>();
        comparison.differences().forEach(each -> values.add(each.isSame() ? null : positive(each.relative())));
        return values;
    }

    /** Zero has no place on a logarithmic scale. */
    private static @Nullable Double positive(@Nullable Double value) {
        return value == null || value <= 0 ? null : value;
    }
}
