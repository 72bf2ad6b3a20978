package io.modelassay.matrix.result;

import io.modelassay.matrix.result.MatrixCharts.Chart;
import io.modelassay.matrix.result.MatrixCharts.Series;
import io.modelassay.report.HtmlTable;
import io.modelassay.report.HtmlTable.Column;
import io.modelassay.report.HtmlWriter;
import io.modelassay.report.Numbers;
import io.modelassay.report.PageResource;
import java.util.List;
import java.util.stream.IntStream;

/** The page's charts, and what draws them. */
final class ChartSections {
    private final HtmlWriter html;
    private final MatrixCharts charts;

    ChartSections(HtmlWriter html, MatrixCharts charts) {
        this.html = html;
        this.charts = charts;
    }

    void write() {
        if (!charts.drift().names().isEmpty()) {
            html.section("drift", "Perplexity drift by scheme", this::drift);
        }
        if (!charts.layers().isEmpty()) {
            html.section("layers", "Output error by layer", this::layers);
        }
        if (!charts.headroom().isEmpty()) {
            html.section("headroom", "Head-room to the end of fp16", this::headroom);
        }
        if (!charts.tensors().isEmpty()) {
            html.section("tensors", "Tensors against the baseline", this::tensors);
        }
    }

    /** What stands behind everything else in the body. */
    void scripts() {
        html.data("chart-data", charts);
        if (!charts.drift().names().isEmpty()
                || !charts.tensors().isEmpty()
                || !charts.headroom().isEmpty()) {
            html.script(PageResource.CHART_LIBRARY);
        }
        html.script(new PageResource(ChartSections.class, "matrix.js"));
    }

    private void drift() {
        List<String> names = charts.drift().names();
        html.element(
                "p",
                "lead",
                "Growth of each quantized model's perplexity against its unquantized reference, one bar a stack.");
        html.open("div", "chart")
                .attribute(
                        "style",
                        "height: "
                                + (90
                                        + names.size()
                                                * (18 + 14 * charts.stacks().size())) + "px")
                .inside(() -> html.chart(
                        "drift-chart",
                        "Bar chart of the perplexity drift of each model with each stack; the same figures stand in the"
                                + " table below"));
        HtmlTable<Integer> table = HtmlTable.<Integer>plain().text("Model", names::get);
        charts.drift()
                .series()
                .forEach(stack -> table.text(Column.of(stack.name()).number(), model -> percent(stack, model)));
        html.open("details")
                .element("summary", "The same as a table")
                .inside(() -> html.open("div", "wide")
                        .inside(() -> table.write(
                                html, IntStream.range(0, names.size()).boxed().toList())));
    }

    private static String percent(Series stack, int model) {
        Double value = stack.values().get(model);
        return value == null ? "" : Numbers.percent(value);
    }

    private void layers() {
        html.element(
                "p",
                "lead",
                "Relative error of each layer's output against the unquantized reference, in Frobenius norms, on a"
                        + " logarithmic scale.");
        choice("layer-model", charts.layers());
        lines("layer-chart", "Line chart of the relative output error of each layer, one line a stack");
    }

    private void headroom() {
        html.element(
                "p",
                "lead",
                "Largest magnitude that each module gives, in the order of computation, on a logarithmic scale. The broken"
                        + " line is 65504, beyond which fp16 is infinite; a value that is not finite has no point.");
        choice("headroom-model", charts.headroom());
        lines(
                "headroom-chart",
                "Line chart of the largest magnitude of each module's output, one line a stack, below 65504");
    }

    private void tensors() {
        html.element(
                "p",
                "lead",
                "Relative difference of every weight and output from the baseline's, in the order of computation, on a"
                        + " logarithmic scale. Lines are outputs, crosses are weights; a tensor that is the same bit by bit"
                        + " has no point. The broken line is what rounding may make of an output.");
        choice("tensor-model", charts.tensors());
        html.open("p", "note")
                .attribute("id", "tensor-note")
                .attribute("role", "status")
                .close();
        lines(
                "tensor-chart",
                "Line chart of the relative difference of every tensor from the baseline's, one line a stack");
    }

    /** Which of the models the chart below shows. */
    private void choice(String id, List<Chart> models) {
        html.open("p")
                .open("label")
                .text("Model ")
                .open("select")
                .attribute("id", id)
                .inside(() -> models.forEach(chart -> html.element("option", chart.model())))
                .close()
                .close();
    }

    private void lines(String id, String description) {
        html.open("div", "chart layers").inside(() -> html.chart(id, description));
    }
}
