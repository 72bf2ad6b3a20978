package io.modelassay.report;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.ModelIdentity;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Provenance;
import io.modelassay.evaluation.Recorder;
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
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
    private final Map<String, ModelIdentity> models = new ConcurrentHashMap<>();

    private FigureLog(Path file) {
        this.file = file;
    }

    /** A log that adds to {@code file}. */
    public static FigureLog in(Path file) {
        return new FigureLog(file);
    }

    @Override
    public void described(ModelIdentity model) {
        models.putIfAbsent(model.name(), model);
    }

    @Override
    public void compared(String model, String text, Comparison comparison) {
        add(new FigureLine(
                Compared.of(models.getOrDefault(model, ModelIdentity.stored(model)), text, comparison),
                null,
                null,
                null,
                models.get(model)));
    }

    @Override
    public void measured(String model, String text, Perplexity perplexity) {
        add(new FigureLine(null, Measured.of(model, text, perplexity), null, null, models.get(model)));
    }

    @Override
    public void checked(Figure figure) {
        add(new FigureLine(null, null, Check.of(figure), null, models.get(figure.model())));
    }

    @Override
    public boolean tracesModels() {
        return true;
    }

    @Override
    public void traced(String model, String text, Provenance provenance, List<TensorSketch> tensors) {
        add(new FigureLine(
                null,
                null,
                null,
                new Traced(
                        model,
                        text,
                        provenance.device().name().toLowerCase(Locale.ROOT),
                        provenance.dtype().name().toLowerCase(Locale.ROOT),
                        tensors.stream().map(Sketch::of).toList()),
                models.get(model)));
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
