package io.modelassay.matrix;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.modelassay.checkpoint.JsonText;
import io.modelassay.evaluation.Subject;
import io.modelassay.report.FigureLine;
import io.modelassay.report.FigureLine.Measured;
import io.modelassay.report.FigureLine.Traced;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a cell's JVM has left in {@code figures.jsonl}; each kind sorted, as tests may run in any order. */
final class Figures {
    private final List<FigureLine> lines = new ArrayList<>();
    private int unreadable;

    private Figures() {}

    static Figures read(Path file) throws IOException {
        Figures figures = new Figures();
        if (Files.exists(file)) {
            for (String line : new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\n", -1)) {
                figures.add(line);
            }
        }
        return figures;
    }

    private void add(String line) {
        if (line.isEmpty()) {
            return;
        }
        try {
            lines.add(CellFolder.JSON.readValue(line, FigureLine.class));
        } catch (JsonProcessingException e) {
            unreadable++;
        }
    }

    List<Compared> comparisons() {
        return of(FigureLine::compared);
    }

    List<Measured> perplexities() {
        return of(FigureLine::measured);
    }

    List<Check> checks() {
        return of(FigureLine::check);
    }

    List<Traced> traces() {
        return of(FigureLine::traced);
    }

    List<Subject> models() {
        return of(FigureLine::model).stream().distinct().toList();
    }

    /** How many lines are none of ours. */
    Optional<String> fault() {
        return unreadable == 0 ? Optional.empty() : Optional.of(unreadable + " lines are not figures");
    }

    private <T> List<T> of(Function<FigureLine, @Nullable T> member) {
        List<T> found = new ArrayList<>();
        for (FigureLine line : lines) {
            T value = member.apply(line);
            if (value != null) {
                found.add(value);
            }
        }
        found.sort(Comparator.comparing(value -> JsonText.line(Objects.requireNonNull(value))));
        return found;
    }
}
