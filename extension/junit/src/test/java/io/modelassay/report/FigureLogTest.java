package io.modelassay.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Evaluator;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Limit;
import io.modelassay.evaluation.Limit.Direction;
import io.modelassay.evaluation.Measure;
import io.modelassay.evaluation.Observation;
import io.modelassay.evaluation.Origin;
import io.modelassay.evaluation.ReferenceCache;
import io.modelassay.evaluation.Subject;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FigureLogTest {
    private static final Text TEXT =
            Text.ofString(Fixtures.text("held-out.txt").substring(0, 600)).named("held-out.txt");

    @TempDir
    private Path folder;

    @Test
    void everyFigureIsOnDiskOnceAsSoonAsItIsFound() throws IOException {
        Path file = folder.resolve("figures.jsonl");
        FigureLog log = FigureLog.in(file);
        Figure figure = Figure.judged(
                Subject.stored("m"),
                new Observation("perplexity drift", Measure.PERPLEXITY_DRIFT, new Estimate(Double.NaN, 0), "%"),
                new Limit(3, Direction.AT_MOST, "%"),
                Origin.text("t").over(5));

        log.checked(figure);
        log.checked(figure);

        assertThat(Files.readAllLines(file))
                .containsExactly("{\"check\":{\"check\":\"perplexity drift\","
                        + "\"held_to\":{\"bound\":3.0,\"direction\":\"at_most\",\"unit\":\"%\"},"
                        + "\"holds\":false,\"limit\":\"at most 3.00\",\"measure\":\"perplexity_drift\","
                        + "\"measured_on\":{\"basis\":\"\",\"device\":null,\"dtype\":null,\"engine\":null,"
                        + "\"protocol\":null,\"text\":\"t\",\"tokens\":5},"
                        + "\"model\":\"m\",\"provenance\":\"5 tokens of t\",\"standard_error\":0.0,"
                        + "\"unit\":\"%\",\"value\":null},\"compared\":null,\"measured\":null,"
                        + "\"model\":{\"adapter\":null,\"artifact\":\"m\",\"calibrated\":false,\"name\":\"m\","
                        + "\"quantization\":null},\"traced\":null}");
    }

    @Test
    void aComparisonBringsWhatTheModelComputes() throws IOException {
        Path file = folder.resolve("figures.jsonl");
        Evaluator evaluator =
                new Evaluator(ReferenceCache.in(folder.resolve("cache")), Progress.SILENT, FigureLog.in(file));
        try (ModelUnderTest model = ModelAssay.open(Fixtures.path("tiny-qwen2"))
                .computingIn(DType.FP32)
                .quantize(Quantization.rtn(4, 128))
                .load(evaluator)) {
            model.comparison(TEXT);
            model.perplexity(TEXT);
        }

        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).contains("\"compared\":{").contains("int4 g128 RTN");
        assertThat(lines.get(1))
                .containsSubsequence(
                        "\"kind\":\"output\",\"largest\":",
                        "\"name\":\"model.embed_tokens\"",
                        "\"kind\":\"weight\"",
                        "\"name\":\"model.layers.0.self_attn.q_proj.weight\"",
                        "\"kind\":\"output\"",
                        "\"name\":\"model.layers.0.self_attn.q_proj\"",
                        "\"name\":\"model.layers.3.mlp.down_proj\"",
                        "\"name\":\"model.norm\"");
        assertThat(lines.get(2)).contains("\"measured\":{");
    }
}
