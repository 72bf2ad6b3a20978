package io.modelassay.cli;

import io.modelassay.adapter.AdapterReport;
import io.modelassay.architecture.LoadReport;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.compatibility.AdapterPredictor.VersionRange;
import io.modelassay.compatibility.Effect;
import io.modelassay.compatibility.Prediction;
import io.modelassay.compatibility.TensorParallel;
import io.modelassay.inspection.AdapterInspection;
import io.modelassay.inspection.CheckpointDifference;
import io.modelassay.inspection.Inspection;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What {@code inspect --json} prints. Members are described in docs/reference.md. */
record InspectDocument(
        @Nullable Adapter adapter,
        List<String> architectures,
        long bytes,
        Map<String, Long> dtypeCounts,
        Map<String, Long> dtypeElements,
        List<FindingDocument> findings,
        @Nullable Report loadReport,
        @Nullable String modelType,
        long parameters,
        List<Precision> precisionMap,
        @Nullable Quantization quantization,
        @Nullable Difference reference,
        @Nullable Ranks tensorParallel,
        int tensors) {

    record Ranks(int largest, List<Integer> sizes) {}

    record Quantization(
            @Nullable Integer bits,
            List<Format> formats,
            @Nullable Long groupSize,
            String scheme,
            long storedBytes,
            @Nullable Boolean symmetric,
            @Nullable String variant,
            int weights) {}

    record Format(int bits, long groupSize, String scheme, boolean symmetric, String variant, long weights) {}

    record Report(
            int checked,
            String loader,
            List<String> missing,
            List<String> unexpected,
            List<Mismatch> mismatched,
            List<String> unusedBiases) {}

    record Mismatch(String name, List<Long> expected, List<Long> stored) {}

    record Precision(
            String modules, List<String> dtypes, @Nullable String format, int count, String layers, long bytes) {}

    record Difference(List<String> missing, List<String> unexpected, List<Change> mismatched) {}

    record Change(
            String name, String expectedDtype, String storedDtype, List<Long> expectedShape, List<Long> storedShape) {}

    record Adapter(
            double alpha,
            int matched,
            List<String> missing,
            List<Mismatch> mismatched,
            List<String> modules,
            String peftType,
            @Nullable Long rank,
            List<Long> ranks,
            List<Renamed> renamed,
            int tensors,
            List<String> unexpected,
            List<Version> versions,
            boolean zeroEffect) {}

    record Version(
            @Nullable String effect,
            String exception,
            String first,
            String kind,
            String last,
            String message,
            String outcome) {}

    record Renamed(String stored, String expected) {}

    static InspectDocument of(Inspection inspection, @Nullable AdapterInspection beside) {
        return new InspectDocument(
                beside == null ? null : adapter(beside),
                inspection.architectures(),
                inspection.bytes(),
                inspection.dtypeCounts(),
                inspection.dtypeElements(),
                FindingDocument.of(findings(inspection, beside)),
                inspection.loadReport().map(InspectDocument::report).orElse(null),
                inspection.modelType().orElse(null),
                inspection.parameters(),
                inspection.precision().stream()
                        .map(group -> new Precision(
                                group.modules(),
                                group.dtypes(),
                                group.format().isEmpty() ? null : group.format(),
                                group.count(),
                                group.layers(),
                                group.bytes()))
                        .toList(),
                quantization(inspection.quantization()),
                inspection.difference().map(InspectDocument::difference).orElse(null),
                ranks(inspection.tensorParallel()),
                inspection.tensors());
    }

    /** Null where no module is known that ranks divide. */
    private static @Nullable Ranks ranks(TensorParallel parallel) {
        return parallel.modules() == 0 ? null : new Ranks(parallel.largest(), parallel.sizes());
    }

    /** Those of the model, then those of the adapter. */
    static List<Finding> findings(Inspection inspection, @Nullable AdapterInspection beside) {
        List<Finding> all = new ArrayList<>(inspection.findings());
        if (beside != null) {
            all.addAll(beside.findings());
        }
        return all;
    }

    private static Adapter adapter(AdapterInspection beside) {
        AdapterReport report = beside.report();
        OptionalLong rank = beside.adapter().rank();
        return new Adapter(
                beside.adapter().config().alpha(),
                report.matched().size(),
                report.missing(),
                report.mismatched().stream()
                        .map(mismatch -> new Mismatch(
                                mismatch.name(),
                                mismatch.expected().dimensions(),
                                mismatch.stored().dimensions()))
                        .toList(),
                report.targeted(),
                beside.adapter().config().peftType(),
                rank.isPresent() ? rank.getAsLong() : null,
                beside.adapter().ranks(),
                report.renamed().entrySet().stream()
                        .map(entry ->
                                new Renamed(entry.getKey(), entry.getValue().expected()))
                        .toList(),
                report.stored(),
                report.unexpected(),
                beside.versions().stream().map(InspectDocument::version).toList(),
                beside.hasZeroEffect());
    }

    private static Version version(VersionRange range) {
        Prediction prediction = range.prediction();
        return new Version(
                prediction.effect().map(Effect::label).orElse(null),
                prediction.exception(),
                range.first().toString(),
                prediction.kind(),
                range.last().toString(),
                prediction.message(),
                prediction.outcome().name());
    }

    /** The most frequent format's figures, then all formats; null for an artifact without quantization. */
    private static @Nullable Quantization quantization(StoredQuantization stored) {
        if (!stored.isPresent()) {
            return null;
        }
        List<Format> formats = stored.formats().entrySet().stream()
                .map(entry -> new Format(
                        entry.getKey().bits(),
                        entry.getKey().groupSize(),
                        entry.getKey().scheme(),
                        entry.getKey().symmetric(),
                        entry.getKey().variant(),
                        entry.getValue()))
                .toList();
        if (formats.isEmpty()) {
            String declared =
                    stored.configs().isEmpty() ? "" : stored.configs().get(0).method();
            return new Quantization(null, formats, null, declared, 0, null, null, 0);
        }
        Format first = formats.get(0);
        return new Quantization(
                first.bits(),
                formats,
                first.groupSize(),
                first.scheme(),
                stored.weights().values().stream()
                        .mapToLong(PackedWeight::storedBytes)
                        .sum(),
                first.symmetric(),
                first.variant(),
                stored.weights().size());
    }

    private static Report report(LoadReport report) {
        return new Report(
                report.checked(),
                report.rules().loader(),
                report.missing(),
                report.unexpected(),
                report.mismatched().stream()
                        .map(mismatch -> new Mismatch(
                                mismatch.name(),
                                mismatch.expected().dimensions(),
                                mismatch.stored().dimensions()))
                        .toList(),
                report.unusedBiases().stream().map(TensorInfo::name).toList());
    }

    private static Difference difference(CheckpointDifference difference) {
        return new Difference(
                difference.missing(),
                difference.unexpected(),
                difference.mismatched().stream()
                        .map(change -> new Change(
                                change.name(),
                                change.expectedType().label(),
                                change.storedType().label(),
                                change.expected().dimensions(),
                                change.stored().dimensions()))
                        .toList());
    }
}
