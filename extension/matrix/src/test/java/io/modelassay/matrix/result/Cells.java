package io.modelassay.matrix.result;

import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Limit;
import io.modelassay.evaluation.Limit.Direction;
import io.modelassay.evaluation.Observation;
import io.modelassay.evaluation.Origin;
import io.modelassay.evaluation.Subject;
import io.modelassay.matrix.result.CellResult.Measurement;
import io.modelassay.matrix.result.TestResult.Outcome;
import io.modelassay.report.FigureLine.Measured;
import io.modelassay.report.FigureLine.Sketch;
import io.modelassay.report.FigureLine.Traced;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.Layer;
import io.modelassay.runtime.TensorSketch.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Builds results of cells by hand. */
final class Cells {
    static final String SUITE = "qwen-tests";
    static final String MODEL = "Qwen2-0.5B as int4 g128 RTN";
    static final String TEXT = "held-out.txt";
    static final String PROTOCOL = "non-overlapping-2048-drop-tail/1";

    private final String stack;
    private final SortedMap<String, String> libraries = new TreeMap<>();
    private final List<String> notes = new ArrayList<>();
    private final List<TestResult> tests = new ArrayList<>();
    private final List<Compared> comparisons = new ArrayList<>();
    private final List<Measured> perplexities = new ArrayList<>();
    private final List<Check> checks = new ArrayList<>();
    private final List<Traced> traces = new ArrayList<>();
    private final List<Subject> models = new ArrayList<>();
    private String suite = SUITE;
    private CellOutcome outcome = CellOutcome.COMPLETED;
    private String detail = "";
    private @Nullable String running;
    private Measurement measured = new Measurement("2026-03-01T10:00:00Z", 12.5, 1_288_490_189L, 0);

    private Cells(String stack) {
        this.stack = stack;
    }

    static Cells of(String stack) {
        return new Cells(stack);
    }

    Cells inSuite(String name) {
        suite = name;
        return this;
    }

    Cells library(String name, String version) {
        libraries.put(name, version);
        return this;
    }

    Cells note(String note) {
        notes.add(note);
        return this;
    }

    Cells ended(CellOutcome how, String why, @Nullable String test) {
        outcome = how;
        detail = why;
        running = test;
        return this;
    }

    Cells took(double seconds, @Nullable Long bytes) {
        measured = new Measurement("2026-03-01T10:00:00Z", seconds, bytes, 0);
        return this;
    }

    Cells test(String name, Outcome how) {
        return test(name, how, "", "");
    }

    Cells failed(String name, String message) {
        return test(name, Outcome.FAILED, message, "java.lang.AssertionError: " + message + "\n\tat QwenTest.java:12");
    }

    Cells test(String name, Outcome how, String message, String trace) {
        String throwable = trace.isEmpty() ? null : trace.split("[:\\s]", 2)[0];
        return test(name, how, message, trace, throwable);
    }

    Cells test(String name, Outcome how, String message, String trace, @Nullable String throwable) {
        tests.add(new TestResult(
                "[class:QwenTest]/[method:" + name + "]", "QwenTest." + name, how, message, trace, throwable, 0.25));
        return this;
    }

    Cells perplexity(String model, String dtype, @Nullable Double value) {
        return perplexity(model, dtype, value, 16384);
    }

    Cells perplexity(String model, String dtype, @Nullable Double value, int tokens) {
        perplexities.add(new Measured(model, TEXT, PROTOCOL, tokens, "cpu", dtype, "PyTorch 2.7.1", value, 0.21));
        return this;
    }

    Cells compared(
            String model, String dtype, double perplexity, double drift, double kl, double top1, double... layers) {
        return against(model, dtype, 12.31, perplexity, drift, kl, top1, layers);
    }

    Cells against(
            String model,
            String dtype,
            double reference,
            @Nullable Double perplexity,
            double drift,
            double kl,
            double top1,
            double... layers) {
        List<Layer> errors = new ArrayList<>();
        for (double layer : layers) {
            errors.add(new Layer("model.layers." + errors.size(), layer));
        }
        int as = model.indexOf(" as ");
        comparisons.add(new Compared(
                model,
                as < 0 ? model : model.substring(0, as),
                as < 0 ? null : model.substring(as + 4),
                null,
                TEXT,
                PROTOCOL,
                16384,
                "cpu",
                dtype,
                "PyTorch 2.7.1",
                perplexity,
                0.24,
                reference,
                0.21,
                drift,
                0.12,
                null,
                kl,
                kl / 60,
                top1,
                0.003,
                errors));
        return this;
    }

    Cells check(Check check) {
        checks.add(check);
        return this;
    }

    Cells check(Figure figure) {
        return check(Check.of(figure));
    }

    /** A check that none of {@code things} is there. */
    Cells none(String name, long found, String things, String basis) {
        return check(Figure.judged(
                Subject.stored(MODEL),
                Observation.count(name, found, things),
                new Limit(0, Direction.AT_MOST, things),
                Origin.of(basis)));
    }

    /** Says that a calibration chose the codes of {@code model}, or that none did. */
    Cells described(String model, boolean calibrated) {
        models.add(new Subject(model, model, calibrated ? "int4 g128 GPTQ" : null, null, calibrated));
        return this;
    }

    Cells traced(String model, String dtype, Sketch... tensors) {
        traces.add(new Traced(model, TEXT, "cpu", dtype, List.of(tensors)));
        return this;
    }

    /** A tensor of norm 10 whose sums are those of the healthy one, moved by {@code relative} of the norm. */
    static Sketch sketch(String name, Kind kind, double relative) {
        List<@Nullable Double> sums = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            sums.add(3 + i + (i % 2 == 0 ? 1 : -1) * relative * 10);
        }
        return new Sketch(name, kind, List.of(64L, 128L), 10.0, 2.5, sums);
    }

    static Sketch notFinite(String name, Kind kind) {
        List<@Nullable Double> sums = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            sums.add(null);
        }
        return new Sketch(name, kind, List.of(64L, 128L), null, null, sums);
    }

    CellResult build() {
        return new CellResult(
                CellResult.SCHEMA,
                "sha256:0123",
                suite + "@" + stack.replace(' ', '_'),
                suite,
                stack,
                libraries,
                outcome == CellOutcome.NOT_STARTED ? "" : "17.0.12 Eclipse Adoptium",
                outcome,
                detail,
                running,
                List.copyOf(notes),
                measured,
                List.copyOf(tests),
                List.copyOf(comparisons),
                List.copyOf(perplexities),
                List.copyOf(checks),
                List.copyOf(traces),
                List.copyOf(models));
    }

    /** {@code here} against {@code baseline}. */
    static CellComparison compare(Cells baseline, Cells here) {
        return CellComparison.of(SUITE, here.stack, baseline.build(), here.build());
    }

    /** A matrix whose first cell is the baseline's. */
    static MatrixResult matrix(Cells... cells) {
        List<CellResult> results = new ArrayList<>();
        for (Cells cell : cells) {
            results.add(cell.build());
        }
        return MatrixResult.of(
                cells[0].stack,
                results.stream().map(CellResult::stack).distinct().toList(),
                results.stream().map(CellResult::suite).distinct().toList(),
                results);
    }
}
