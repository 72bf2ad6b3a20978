package io.modelassay.report;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Provenance;
import io.modelassay.evaluation.Recorder;
import io.modelassay.evaluation.Subject;
import io.modelassay.report.FigureLine.Measured;
import io.modelassay.report.FigureLine.Sketch;
import io.modelassay.report.FigureLine.Traced;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import io.modelassay.runtime.TensorSketch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apiguardian.api.API;

/**
 * Figures as they are found, each once and one line of JSON ({@link FigureLine}) each, on disk before the test goes on: what
 * is left of a JVM that dies. Safe for use by several threads.
 */
@API(status = API.Status.INTERNAL)
public final class FigureLog implements Recorder {
    /** Configuration parameter or system property that names the file. */
    public static final String FILE_PROPERTY = "modelassay.figures";

    private final Path file;
    private final Set<String> written = new HashSet<>();

    private FigureLog(Path file) {
        this.file = file;
    }

    /** A log that adds to {@code file}. */
    public static FigureLog in(Path file) {
        return new FigureLog(file);
    }

    @Override
    public void compared(Subject model, String text, Comparison comparison) {
        add(new FigureLine(Compared.of(model, text, comparison), null, null, null, model));
    }

    @Override
    public void measured(Subject model, String text, Perplexity perplexity) {
        add(new FigureLine(null, Measured.of(model.name(), text, perplexity), null, null, model));
    }

    @Override
    public void checked(Figure figure) {
        add(new FigureLine(null, null, Check.of(figure), null, figure.subject()));
    }

    @Override
    public boolean tracesModels() {
        return true;
    }

    @Override
    public void traced(Subject model, String text, Provenance provenance, List<TensorSketch> tensors) {
        add(new FigureLine(
                null,
                null,
                null,
                new Traced(
                        model.name(),
                        text,
                        provenance.device().name().toLowerCase(Locale.ROOT),
                        provenance.dtype().name().toLowerCase(Locale.ROOT),
                        tensors.stream().map(Sketch::of).toList()),
                model));
    }

    private synchronized void add(FigureLine figure) {
        String line = JsonText.line(figure);
        if (!written.add(line)) {
            return;
        }
        try {
            Files.writeString(
                    file, line + "\n", StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException("The figures cannot be written to " + file, e);
        }
    }
}
