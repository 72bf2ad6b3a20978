package io.modelassay.report;

import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.ModelIdentity;
import io.modelassay.evaluation.Provenance;
import java.util.List;
import java.util.Locale;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What {@code results.json} holds; docs/reference.md describes the members. A number is {@code null} where the figure was
 * NaN or infinite.
 */
@API(status = API.Status.INTERNAL)
public record Results(
        String schema,
        Run run,
        Summary summary,
        List<Model> models,
        List<Compared> comparisons,
        List<Check> checks,
        List<Test> tests,
        List<String> baselinesUnused) {
    static final String SCHEMA = "modelassay-report/1";

    /** The run that the results are from: the only part that differs between two runs of one suite. */
    public record Run(String id, String started, String finished, int processes, String java, String platform) {}

    public record Summary(
            int tests,
            int testsPassed,
            int testsFailed,
            int testsAborted,
            int testsSkipped,
            int checks,
            int checksFailed,
            int models,
            int comparisons) {}

    public record Model(
            String name,
            String artifact,
            @Nullable String quantization,
            int checks,
            int checksFailed,
            @Nullable Double perplexity,
            @Nullable Double referencePerplexity,
            @Nullable Double driftPercent,
            @Nullable String ranOn) {}

    public record Compared(
            String model,
            String artifact,
            @Nullable String quantization,
            String text,
            String protocol,
            int tokens,
            String device,
            String dtype,
            String engine,
            @Nullable Double perplexity,
            @Nullable Double perplexityStandardError,
            @Nullable Double referencePerplexity,
            @Nullable Double referencePerplexityStandardError,
            @Nullable Double driftPercent,
            @Nullable Double driftStandardError,
            @Nullable Double driftLimit,
            @Nullable Double meanKl,
            @Nullable Double meanKlStandardError,
            @Nullable Double top1Agreement,
            @Nullable Double top1AgreementStandardError,
            List<Layer> layerErrors) {
        static Compared of(ModelIdentity model, String text, Comparison comparison) {
            Provenance provenance = comparison.subject().provenance();
            return new Compared(
                    model.name(),
                    model.artifact(),
                    model.quantization(),
                    text,
                    comparison.subject().protocol(),
                    comparison.subject().tokens(),
                    provenance.device().name().toLowerCase(Locale.ROOT),
                    provenance.dtype().name().toLowerCase(Locale.ROOT),
                    provenance.engine(),
                    comparison.subject().value(),
                    comparison.subject().standardError(),
                    comparison.reference().value(),
                    comparison.reference().standardError(),
                    comparison.driftPercent(),
                    comparison.driftStandardError(),
                    null,
                    comparison.klDivergence().mean(),
                    comparison.klDivergence().standardError(),
                    comparison.topTokenAgreement().mean(),
                    comparison.topTokenAgreement().standardError(),
                    comparison.layerErrors().stream()
                            .map(layer -> new Layer(layer.layer(), layer.error()))
                            .toList());
        }

        String ranOn() {
            return device.toUpperCase(Locale.ROOT) + ", " + dtype + ", " + engine;
        }

        Compared limitedTo(@Nullable Double limit) {
            return new Compared(
                    model,
                    artifact,
                    quantization,
                    text,
                    protocol,
                    tokens,
                    device,
                    dtype,
                    engine,
                    perplexity,
                    perplexityStandardError,
                    referencePerplexity,
                    referencePerplexityStandardError,
                    driftPercent,
                    driftStandardError,
                    limit,
                    meanKl,
                    meanKlStandardError,
                    top1Agreement,
                    top1AgreementStandardError,
                    layerErrors);
        }
    }

    public record Layer(String layer, @Nullable Double error) {}

    public record Check(
            String model,
            String check,
            @Nullable Double value,
            @Nullable Double standardError,
            String unit,
            String limit,
            boolean holds,
            String provenance) {
        static Check of(Figure figure) {
            return new Check(
                    figure.model(),
                    figure.check(),
                    figure.value(),
                    figure.standardError(),
                    figure.unit(),
                    figure.limit(),
                    figure.holds(),
                    figure.provenance());
        }
    }

    public record Test(String name, String outcome, String message) {}

    /** What one test JVM has seen: the file it leaves for the others. */
    public record Part(
            String process,
            String started,
            String finished,
            List<Compared> comparisons,
            List<Check> checks,
            List<Test> tests,
            List<String> baselinesRecorded,
            List<String> baselinesUsed,
            List<ModelIdentity> models) {}
}
