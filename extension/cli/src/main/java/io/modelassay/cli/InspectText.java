package io.modelassay.cli;

import io.modelassay.adapter.AdapterReport;
import io.modelassay.architecture.LoadReport;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.compatibility.AdapterPredictor.VersionRange;
import io.modelassay.compatibility.TensorParallel;
import io.modelassay.inspection.AdapterInspection;
import io.modelassay.inspection.CheckpointDifference;
import io.modelassay.inspection.Inspection;
import io.modelassay.inspection.PrecisionGroup;
import io.modelassay.quantization.StoredQuantization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** An inspection for a person. */
final class InspectText {
    private static final int VERSION_LINE = 120;

    private InspectText() {}

    static String of(
            Checkpoint checkpoint,
            Inspection inspection,
            @Nullable Checkpoint reference,
            @Nullable AdapterInspection beside) {
        Layout layout = new Layout().title(name(checkpoint));
        layout.fact("model type", modelType(inspection));
        layout.fact(
                "parameters",
                Layout.number(inspection.parameters()) + " in " + Layout.plural(inspection.tensors(), "tensor") + ", "
                        + Layout.bytes(inspection.bytes()) + " in "
                        + Layout.plural(checkpoint.tensorFiles().size(), "file"));
        layout.fact("stored types", types(inspection));
        layout.fact("quantization", quantization(inspection.quantization()));
        layout.fact(
                "load report",
                inspection.loadReport().map(InspectText::loadReport).orElse("none: the architecture is not known"));
        layout.fact("tensor parallel", ranks(inspection.tensorParallel()));
        if (reference != null) {
            layout.fact(
                    "reference",
                    name(reference) + ": "
                            + inspection
                                    .difference()
                                    .map(InspectText::difference)
                                    .orElse("not compared"));
        }
        if (beside != null) {
            layout.fact("adapter", adapter(beside));
            String label = "in PEFT";
            for (VersionRange range : beside.versions()) {
                layout.fact(label, cut(range.toString()));
                label = "";
            }
        }
        layout.title("Precision");
        layout.table(List.of("modules", "stored as", "layers", ">count", ">size"), collapsed(inspection.precision()));
        return layout.findings(InspectDocument.findings(inspection, beside)).toString();
    }

    private static String cut(String line) {
        return line.length() <= VERSION_LINE ? line : line.substring(0, VERSION_LINE) + "…";
    }

    private static String adapter(AdapterInspection beside) {
        AdapterReport report = beside.report();
        List<Long> ranks = beside.adapter().ranks();
        return beside.adapter().name() + ": " + beside.adapter().config().peftType()
                + (ranks.isEmpty()
                        ? ""
                        : " of rank " + ranks.stream().map(String::valueOf).collect(Collectors.joining(", ")))
                + " for " + Layout.plural(report.targeted().size(), "module") + ", "
                + Layout.plural(report.stored(), "tensor") + ": "
                + counts(
                        report.missing().size(),
                        report.unexpected().size(),
                        report.mismatched().size(),
                        "of another shape")
                + (beside.hasZeroEffect() ? "; changes nothing" : "");
    }

    static String name(Checkpoint checkpoint) {
        Path folder = checkpoint.folder().toAbsolutePath().normalize();
        return folder.getFileName() == null
                ? folder.toString()
                : folder.getFileName().toString();
    }

    private static String modelType(Inspection inspection) {
        String type = inspection.modelType().orElse("not named");
        return inspection.architectures().isEmpty()
                ? type
                : type + " (" + String.join(", ", inspection.architectures()) + ")";
    }

    private static String types(Inspection inspection) {
        Map<String, Long> elements = inspection.dtypeElements();
        StringJoiner types = new StringJoiner("; ");
        inspection
                .dtypeCounts()
                .forEach((type, count) -> types.add(type + " in " + Layout.plural(count, "tensor") + ", "
                        + Layout.number(elements.getOrDefault(type, 0L)) + " values"));
        return types.length() == 0 ? "none" : types.toString();
    }

    private static String quantization(StoredQuantization stored) {
        if (stored.formats().isEmpty()) {
            return stored.configs().isEmpty()
                    ? "none"
                    : stored.configs().get(0).source() + " declares "
                            + stored.configs().get(0).method() + ", but no tensor is stored so";
        }
        return stored.formats().entrySet().stream()
                .map(format -> Layout.plural(format.getValue(), "weight") + " as "
                        + format.getKey().label())
                .collect(Collectors.joining("; "));
    }

    private static String loadReport(LoadReport report) {
        return Layout.number(report.checked()) + " parameters expected: "
                + counts(
                        report.missing().size(),
                        report.unexpected().size(),
                        report.mismatched().size(),
                        "of another shape")
                + (report.unusedBiases().isEmpty()
                        ? ""
                        : "; " + Layout.number(report.unusedBiases().size()) + " of the unexpected are unused biases")
                + " (by the rules of " + report.rules().loader() + ")";
    }

    private static String ranks(TensorParallel parallel) {
        if (parallel.modules() == 0) {
            return "not known: no module of a known name";
        }
        String sizes = parallel.sizes().isEmpty()
                ? "no number of ranks does"
                : parallel.sizes().stream().map(String::valueOf).collect(Collectors.joining(", "))
                        + (parallel.largest() == 1 ? " rank" : " ranks");
        List<TensorParallel.Obstacle> obstacles = TensorParallel.SIZES.stream()
                .filter(n -> !parallel.sizes().contains(n))
                .findFirst()
                .map(parallel::obstacles)
                .orElse(List.of());
        return sizes + " in vLLM" + (obstacles.isEmpty() ? "" : "; no more because of " + obstacles.get(0));
    }

    private static String difference(CheckpointDifference difference) {
        return counts(
                difference.missing().size(),
                difference.unexpected().size(),
                difference.mismatched().size(),
                "of another type or shape");
    }

    private static String counts(int missing, int unexpected, int mismatched, String another) {
        return missing + unexpected + mismatched == 0
                ? "none missing, unexpected or " + another
                : missing + " missing, " + unexpected + " unexpected, " + mismatched + " " + another;
    }

    /** Modules side by side in a layer, of equal types and numbers, make one row: {@code …self_attn.{k,o,q,v}_proj}. */
    private static String form(PrecisionGroup group) {
        return group.format().isEmpty() ? String.join(", ", group.dtypes()) : group.format();
    }

    private static List<List<String>> collapsed(List<PrecisionGroup> groups) {
        record Row(String parent, String form, String layers) implements Comparable<Row> {
            @Override
            public int compareTo(Row other) {
                int byParent = parent.compareTo(other.parent);
                int byForm = byParent != 0 ? byParent : form.compareTo(other.form);
                return byForm != 0 ? byForm : layers.compareTo(other.layers);
            }
        }
        Map<Row, List<PrecisionGroup>> rows = new TreeMap<>();
        for (PrecisionGroup group : groups) {
            String parent = group.modules().substring(0, group.modules().lastIndexOf('.') + 1);
            rows.computeIfAbsent(new Row(parent, form(group), group.layers()), row -> new ArrayList<>())
                    .add(group);
        }
        List<List<String>> lines = new ArrayList<>();
        rows.forEach((row, members) -> {
            List<String> names = members.stream()
                    .map(group -> group.modules().substring(row.parent.length()))
                    .toList();
            lines.add(List.of(
                    row.parent + (names.size() == 1 ? names.get(0) : "{" + String.join(",", names) + "}"),
                    row.form,
                    row.layers,
                    Layout.number(
                            members.stream().mapToInt(PrecisionGroup::count).sum()),
                    Layout.bytes(
                            members.stream().mapToLong(PrecisionGroup::bytes).sum())));
        });
        return lines;
    }
}
