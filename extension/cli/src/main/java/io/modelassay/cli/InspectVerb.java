package io.modelassay.cli;

import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.inspection.AdapterInspection;
import io.modelassay.inspection.Inspection;
import io.modelassay.report.ProgressLine;
import io.modelassay.values.DecodedInspection;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Facts from headers and config. */
@Command(
        name = "inspect",
        description =
                "Show what an artifact holds, from headers and config alone: facts, load report, precision map, findings.")
final class InspectVerb extends Verb {
    @Parameters(paramLabel = "FOLDER", description = "The model's folder, or one .safetensors file.")
    private Path folder = Path.of("");

    @Option(
            names = "--reference",
            paramLabel = "FOLDER",
            description =
                    "Also compare the tensors with those of this checkpoint; quantized weights by what they decode to.")
    private @Nullable Path reference;

    @Option(
            names = "--adapter",
            paramLabel = "FOLDER",
            description = "Also compare the keys of this PEFT adapter with those that PEFT looks for in the model.")
    private @Nullable Path adapter;

    @Option(
            names = "--strict",
            description =
                    "Warnings fail too: exit code 1 unless all findings are remarks. For gates, which should not pass"
                            + " an artifact of which nothing is known.")
    private boolean strict;

    @Override
    Outcome run(ProgressLine progress) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            if (reference == null) {
                return outcome(checkpoint, Inspection.of(checkpoint), null);
            }
            try (Checkpoint other = Checkpoint.open(reference)) {
                return outcome(checkpoint, DecodedInspection.of(checkpoint, other, progress), other);
            }
        }
    }

    private Outcome outcome(Checkpoint checkpoint, Inspection inspection, @Nullable Checkpoint other) {
        if (adapter == null) {
            return new Outcome(
                    InspectDocument.of(inspection, null),
                    text(() -> InspectText.of(checkpoint, inspection, other, null)),
                    passes(inspection.findings()));
        }
        try (PeftAdapter opened = PeftAdapter.open(adapter)) {
            AdapterInspection beside = other == null
                    ? AdapterInspection.of(opened, checkpoint)
                    : AdapterInspection.of(opened, checkpoint, other);
            return new Outcome(
                    InspectDocument.of(inspection, beside),
                    text(() -> InspectText.of(checkpoint, inspection, other, beside)),
                    passes(inspection.findings()) && passes(beside.findings()));
        }
    }

    /** Not made where it is not printed: of a million tensors it is large. */
    private String text(Supplier<String> text) {
        return printsJson() ? "" : text.get();
    }

    private boolean passes(List<Finding> findings) {
        Severity worst = strict ? Severity.INFO : Severity.WARNING;
        return findings.stream().allMatch(finding -> finding.severity().compareTo(worst) <= 0);
    }
}
