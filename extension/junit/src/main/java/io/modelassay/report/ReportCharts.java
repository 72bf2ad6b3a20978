package io.modelassay.report;

import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.Layer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The numbers behind the charts. */
final class ReportCharts {
    /** A collapsed model must not press all other bars flat: the axis ends at this multiple of what is usual. */
    private static final double LARGEST_TO_USUAL = 5;

    private ReportCharts() {}

    static Map<String, Object> of(List<Compared> comparisons, int mostLines) {
        Map<String, Object> data = new LinkedHashMap<>();
        boolean sameArtifact =
                comparisons.stream().map(Compared::artifact).distinct().count() == 1;
        boolean sameText = comparisons.stream().map(Compared::text).distinct().count() == 1;
        data.put(
                "drift",
                comparisons.stream()
                        .map(row -> bar(row, sameArtifact, sameText))
                        .toList());
        double end = axisEnd(comparisons);
        data.put("driftFrom", axisStart(comparisons, end));
        data.put("driftTo", end);
        List<Compared> layered = comparisons.stream()
                .filter(row -> !row.layerErrors().isEmpty())
                .limit(mostLines)
                .toList();
        List<String> names = layerNames(layered);
        data.put(
                "layers",
                Map.of(
                        "names", shortened(names),
                        "series",
                                layered.stream()
                                        .map(row -> Map.of(
                                                "name",
                                                sameArtifact ? row.scheme() : row.model(),
                                                "values",
                                                values(row, names)))
                                        .toList()));
        return data;
    }

    /** {@code good}, {@code bad}, or {@code quiet} where no check has set a limit. */
    static String kind(Compared row) {
        Double drift = row.driftPercent();
        if (drift == null) {
            return "bad";
        }
        return row.driftLimit() == null ? "quiet" : drift <= row.driftLimit() ? "good" : "bad";
    }

    private static Map<String, @Nullable Object> bar(Compared row, boolean sameArtifact, boolean sameText) {
        List<String> lines = new ArrayList<>();
        if (!sameArtifact) {
            lines.add(row.artifact());
        }
        lines.add(row.scheme());
        if (!sameText) {
            lines.add("on " + row.text());
        }
        Map<String, @Nullable Object> bar = new LinkedHashMap<>();
        bar.put("lines", lines);
        bar.put("value", row.driftPercent());
        bar.put("error", row.driftStandardError());
        bar.put("limit", row.driftLimit());
        bar.put("kind", kind(row));
        bar.put("label", Numbers.percent(row.driftPercent()));
        bar.put(
                "tip",
                Numbers.withError(row.driftPercent(), row.driftStandardError(), "%")
                        + (row.driftLimit() == null ? "" : ", limit " + Numbers.percent(row.driftLimit())));
        return bar;
    }

    /** The last value of the drift axis: beyond all bars and limits, but no further than a multiple of the usual. */
    private static double axisEnd(List<Compared> comparisons) {
        double[] tops = comparisons.stream()
                .flatMap(row ->
                        Stream.of(Optional.ofNullable(row.driftPercent()), Optional.ofNullable(row.driftLimit())))
                .flatMap(Optional::stream)
                .mapToDouble(Math::abs)
                .sorted()
                .toArray();
        if (tops.length == 0) {
            return 1;
        }
        double usual = Math.max(tops[tops.length / 2], 1e-3);
        double end = Math.min(tops[tops.length - 1], LARGEST_TO_USUAL * usual);
        return rounded(Math.max(1e-3, end) * 1.1);
    }

    /** Zero, or room for bars to its left. */
    private static double axisStart(List<Compared> comparisons, double end) {
        double lowest = comparisons.stream()
                .flatMap(row -> Optional.ofNullable(row.driftPercent()).stream())
                .mapToDouble(Double::doubleValue)
                .min()
                .orElse(0);
        return lowest >= 0 ? 0 : Math.max(1.2 * lowest - 0.02 * end, -end);
    }

    /** The next of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten. */
    private static double rounded(double value) {
        double power = Math.pow(10, Math.floor(Math.log10(value)));
        for (double step : new double[] {1, 1.5, 2, 2.5, 3, 4, 5, 6, 8}) {
            if (value <= step * power) {
                return step * power;
            }
        }
        return 10 * power;
    }

    /** The layers of all comparisons in the order of the first that has them. */
    static List<String> layerNames(List<Compared> comparisons) {
        LinkedHashSet<String> names = new LinkedHashSet<>();
        comparisons.forEach(row -> row.layerErrors().forEach(layer -> names.add(layer.layer())));
        return List.copyOf(names);
    }

    /** Without what all names begin with: {@code model.layers.0} is {@code 0}. */
    private static List<String> shortened(List<String> names) {
        if (names.isEmpty()) {
            return names;
        }
        String first = names.get(0);
        String prefix = first.substring(0, first.lastIndexOf('.') + 1);
        return names.stream().allMatch(name -> name.startsWith(prefix))
                ? names.stream().map(name -> name.substring(prefix.length())).toList()
                : names;
    }

    /** Zero has no place on a logarithmic scale. */
    private static List<@Nullable Double> values(Compared row, List<String> names) {
        Map<String, @Nullable Double> errors = new LinkedHashMap<>();
        for (Layer layer : row.layerErrors()) {
            errors.put(layer.layer(), layer.error());
        }
        List<@Nullable Double> values = new ArrayList<>();
        for (String name : names) {
            Double error = errors.get(name);
            values.add(error == null || error <= 0 ? null : error);
        }
        return values;
    }
}
