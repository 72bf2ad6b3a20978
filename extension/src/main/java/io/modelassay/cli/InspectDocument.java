package io.modelassay.cli;

import io.modelassay.CheckpointDifference;
import io.modelassay.Inspection;
import io.modelassay.architecture.LoadReport;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code inspect --json} prints. Members are described in docs/reference.md. */
record InspectDocument(
        @Nullable Object adapter,
        List<String> architectures,
        long bytes,
        Map<String, Long> dtypeCounts,
        Map<String, Long> dtypeElements,
        List<FindingDocument> findings,
        @Nullable Report loadReport,
        @Nullable String modelType,
        long parameters,
        List<Precision> precisionMap,
        @Nullable Object quantization,
        @Nullable Difference reference,
        int tensors) {

    record Report(int checked, List<String> missing, List<String> unexpected, List<Mismatch> mismatched) {}

    record Mismatch(String name, List<Long> expected, List<Long> stored) {}

    record Precision(String modules, List<String> dtypes, int count, String layers, long bytes) {}

    record Difference(List<String> missing, List<String> unexpected, List<Change> mismatched) {}

    record Change(
            String name, String expectedDtype, String storedDtype, List<Long> expectedShape, List<Long> storedShape) {}

    static InspectDocument of(Inspection inspection) {
        return new InspectDocument(
                null,
                inspection.architectures(),
                inspection.bytes(),
                inspection.dtypeCounts(),
                inspection.dtypeElements(),
                FindingDocument.of(inspection.findings()),
                inspection.loadReport().map(InspectDocument::report).orElse(null),
                inspection.modelType().orElse(null),
                inspection.parameters(),
                inspection.precision().stream()
                        .map(group -> new Precision(
                                group.modules(), group.dtypes(), group.count(), group.layers(), group.bytes()))
                        .toList(),
                null,
                inspection.difference().map(InspectDocument::difference).orElse(null),
                inspection.tensors());
    }

    private static Report report(LoadReport report) {
        return new Report(
                report.checked(),
                report.missing(),
                report.unexpected(),
                report.mismatched().stream()
                        .map(mismatch -> new Mismatch(
                                mismatch.name(),
                                mismatch.expected().dimensions(),
                                mismatch.stored().dimensions()))
                        .toList());
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
