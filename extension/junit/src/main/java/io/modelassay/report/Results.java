package io.modelassay.report;

import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Limit;
import io.modelassay.evaluation.Measure;
import io.modelassay.evaluation.Origin;
import io.modelassay.evaluation.Provenance;
import io.modelassay.evaluation.Subject;
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
            @Nullable String adapter,
            int checks,
            int checksFailed,
            @Nullable Double perplexity,
            @Nullable Double referencePerplexity,
            @Nullable Double driftPercent,
            @Nullable String ranOn) {
        /** What was done to the artifact, for people. */
        String scheme() {
            return Results.scheme(quantization, adapter);
        }
    }

    public record Compared(
            String model,
            String artifact,
            @Nullable String quantization,
            @Nullable String adapter,
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
        static Compared of(Subject model, String text, Comparison comparison) {
            Provenance provenance = comparison.subject().provenance();
            return new Compared(
                    model.name(),
                    model.artifact(),
                    model.quantization(),
                    model.adapter(),
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

        /** What was done to the artifact, for people. */
        String scheme() {
            return Results.scheme(quantization, adapter);
        }

        String ranOn() {
            return device.toUpperCase(Locale.ROOT) + ", " + dtype + ", " + engine;
        }

        Compared limitedTo(@Nullable Double limit) {
            return new Compared(
                    model,
                    artifact,
                    quantization,
                    adapter,
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

    private static String scheme(@Nullable String quantization, @Nullable String adapter) {
        return (quantization == null ? "as stored" : quantization) + (adapter == null ? "" : " with " + adapter);
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
            String provenance,
            @Nullable Measure measure,
            @Nullable HeldTo heldTo,
            @Nullable MeasuredOn measuredOn) {
        /** As it stands in the document. */
        public static Check of(Figure figure) {
            return new Check(
                    figure.subject().name(),
                    figure.check(),
                    figure.value(),
                    figure.standardError(),
                    figure.unit(),
                    figure.limitText(),
                    figure.holds(),
                    figure.origin().toString(),
                    figure.found().measure(),
                    figure.limit() == null ? null : HeldTo.of(figure.limit()),
                    MeasuredOn.of(figure.origin()));
        }

        /** Whether there is a limit; otherwise the figure is reported only. */
        boolean isJudged() {
            return heldTo != null;
        }

        /** Whether it is a figure of {@code compared}: of the same model, on the same text, measured in the same way. */
        public boolean isOf(Compared compared) {
            return measuredOn != null
                    && model.equals(compared.model())
                    && compared.text().equals(measuredOn.text())
                    && Integer.valueOf(compared.tokens()).equals(measuredOn.tokens())
                    && compared.protocol().equals(measuredOn.protocol())
                    && compared.device().equals(measuredOn.device())
                    && compared.dtype().equals(measuredOn.dtype());
        }
    }

    /**
     * A check's limit as data.
     *
     * @param bound {@code null} where it is infinite
     */
    public record HeldTo(@Nullable Double bound, Limit.Direction direction, String unit) {
        static HeldTo of(Limit limit) {
            return new HeldTo(limit.bound(), limit.direction(), limit.unit());
        }
    }

    /** A check's provenance as data; a member is {@code null} where there is no such thing. */
    public record MeasuredOn(
            String basis,
            @Nullable String text,
            @Nullable Integer tokens,
            @Nullable String protocol,
            @Nullable String device,
            @Nullable String dtype,
            @Nullable String engine) {
        static MeasuredOn of(Origin origin) {
            Provenance ranOn = origin.ranOn();
            return new MeasuredOn(
                    origin.basis(),
                    origin.text(),
                    origin.tokens(),
                    origin.protocol(),
                    ranOn == null ? null : ranOn.device().name().toLowerCase(Locale.ROOT),
                    ranOn == null ? null : ranOn.dtype().name().toLowerCase(Locale.ROOT),
                    ranOn == null ? null : ranOn.engine());
        }

        /** What was measured, without where, for people. */
        public String measured() {
            return new Origin(basis, text, tokens, protocol, null).measured();
        }
    }

    public record Test(String name, String outcome, String message) {}

    /** What one test JVM has seen: the file it leaves for the others. */
    public record Part(
            String run,
            String process,
            String started,
            String finished,
            List<Compared> comparisons,
            List<Check> checks,
            List<Test> tests,
            List<String> baselinesRecorded,
            List<String> baselinesUsed,
            List<Subject> models) {}
}
