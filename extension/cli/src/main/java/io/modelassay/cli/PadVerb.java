package io.modelassay.cli;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.conversion.Padding;
import io.modelassay.report.ProgressLine;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The same model with wider MLPs. */
@Command(
        name = "pad",
        description =
                "Write an unquantized checkpoint again with its MLPs widened by channels of zeros, which change no result.")
final class PadVerb extends Verb {
    @Parameters(paramLabel = "FOLDER", description = "The model's folder.")
    private Path folder = Path.of("");

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            required = true,
            description = "Where to write; must not exist yet, or be empty.")
    private Path out = Path.of("");

    @Option(
            names = "--intermediate-size",
            paramLabel = "N",
            required = true,
            description = "Channels of each MLP afterwards: a multiple of the group size times the number of ranks.")
    private int intermediateSize;

    @Option(
            names = "--style",
            paramLabel = "STYLE",
            defaultValue = "interleaved",
            description = "interleaved (one zero after each of the first channels; the default) or appended.")
    private Style style = Style.INTERLEAVED;

    /** Where the zeros go. */
    private enum Style {
        INTERLEAVED,
        APPENDED
    }

    /** What {@code pad --json} prints. */
    record Document(
            long bytes,
            List<String> files,
            List<FindingDocument> findings,
            int intermediateSize,
            int intermediateSizeBefore,
            String out,
            int padded,
            String style,
            int tensors) {}

    @Override
    Outcome run(ProgressLine progress) {
        if (intermediateSize < 1) {
            throw misused("--intermediate-size must be positive, not " + intermediateSize);
        }
        Padding padding = Padding.to(intermediateSize);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            Padding.Result written = (style == Style.APPENDED ? padding.appended() : padding.interleaved())
                    .write(checkpoint, out, progress);
            Document document = new Document(
                    written.bytes(),
                    written.files(),
                    FindingDocument.of(written.findings()),
                    written.after(),
                    written.before(),
                    out.toString(),
                    written.padded(),
                    written.order().label(),
                    written.tensors());
            String text = new Layout()
                    .title(out.toString())
                    .fact(
                            "MLP channels",
                            Layout.number(written.before()) + " padded to " + Layout.number(written.after()) + ", "
                                    + written.order().label())
                    .fact(
                            "tensors",
                            Layout.plural(written.tensors(), "tensor") + ", " + Layout.bytes(written.bytes()) + "; "
                                    + Layout.number(written.padded()) + " padded")
                    .fact("files", String.join(", ", written.files()))
                    .findings(written.findings())
                    .toString();
            boolean holds =
                    written.findings().stream().noneMatch(finding -> finding.severity() == Finding.Severity.ERROR);
            return new Outcome(document, text, holds);
        }
    }
}
