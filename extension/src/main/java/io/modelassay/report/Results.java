package io.modelassay.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code results.json} holds; docs/reference.md describes the members. A number is {@code null} where the figure was
 * NaN or infinite.
 */
record Results(
        String schema,
        Run run,
        Summary summary,
        List<Model> models,
        List<Compared> comparisons,
        List<Check> checks,
        List<Test> tests) {
    static final String SCHEMA = "modelassay-report/1";

    /** The run that the results are from: the only part that differs between two runs of one suite. */
    record Run(String id, String started, String finished, int processes, String java, String platform) {}

    record Summary(
            int tests,
            int testsPassed,
            int testsFailed,
            int testsAborted,
            int testsSkipped,
            int checks,
            int checksFailed,
            int models,
            int comparisons) {}

    record Model(
            String name,
            String artifact,
            @Nullable String quantization,
            int checks,
            int checksFailed,
            @Nullable Double perplexity,
            @Nullable Double referencePerplexity,
            @Nullable Double driftPercent,
            @Nullable String ranOn) {}

    record Compared(
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
        String ranOn() {
            return device.toUpperCase(java.util.Locale.ROOT) + ", " + dtype + ", " + engine;
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

    record Layer(String layer, @Nullable Double error) {}

    record Check(
            String model,
            String check,
            @Nullable Double value,
            @Nullable Double standardError,
            String unit,
            String limit,
            boolean holds,
            String provenance) {}

    record Test(String name, String outcome, String message) {}

    /** What one test JVM has seen: the file it leaves for the others. */
    record Part(
            String process,
            String started,
            String finished,
            List<Compared> comparisons,
            List<Check> checks,
            List<Test> tests) {}
}
