package io.modelassay.report;

import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Subject;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import io.modelassay.runtime.TensorSketch;
import java.util.List;
import java.util.Locale;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A line of a {@link FigureLog}: exactly one of the first four members is there.
 *
 * @param compared a model against its reference
 * @param measured a model's own perplexity
 * @param check a figure held against a limit
 * @param traced what a model computes
 * @param model what the name of the figure's model stands for; {@code null} in logs of earlier versions
 */
@API(status = API.Status.INTERNAL)
public record FigureLine(
        @Nullable Compared compared,
        @Nullable Measured measured,
        @Nullable Check check,
        @Nullable Traced traced,
        @Nullable Subject model) {

    /** A model's own perplexity. */
    public record Measured(
            String model,
            String text,
            String protocol,
            int tokens,
            String device,
            String dtype,
            String engine,
            @Nullable Double perplexity,
            @Nullable Double standardError) {
        static Measured of(String model, String text, Perplexity perplexity) {
            return new Measured(
                    model,
                    text,
                    perplexity.protocol(),
                    perplexity.tokens(),
                    perplexity.provenance().device().name().toLowerCase(Locale.ROOT),
                    perplexity.provenance().dtype().name().toLowerCase(Locale.ROOT),
                    perplexity.provenance().engine(),
                    perplexity.value(),
                    perplexity.standardError());
        }
    }

    /** The weights and outputs of a short forward pass, in the order of computation. */
    public record Traced(String model, String text, String device, String dtype, List<Sketch> tensors) {}

    /** {@link TensorSketch}, with {@code null} for what is not finite. */
    public record Sketch(
            String name,
            TensorSketch.Kind kind,
            List<Long> shape,
            @Nullable Double norm,
            @Nullable Double largest,
            List<@Nullable Double> sums) {
        static Sketch of(TensorSketch sketch) {
            return new Sketch(
                    sketch.name(),
                    sketch.kind(),
                    sketch.shape(),
                    sketch.norm(),
                    sketch.largest(),
                    List.copyOf(sketch.sums()));
        }
    }
}
