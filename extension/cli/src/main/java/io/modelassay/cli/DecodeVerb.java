package io.modelassay.cli;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.conversion.CheckpointConversion;
import io.modelassay.report.ProgressLine;
import io.modelassay.runtime.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The same model in one floating-point type. */
@Command(
        name = "decode",
        description = "Write the checkpoint again in safetensors with its floating-point tensors in one type.")
final class DecodeVerb extends Verb {
    @Parameters(paramLabel = "FOLDER", description = "The model's folder.")
    private Path folder = Path.of("");

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            required = true,
            description = "Where to write; must not exist yet, or be empty.")
    private Path out = Path.of("");

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "auto",
            description = "bf16, fp16, fp32, or auto (the config's; the default).")
    private DType dtype = DType.AUTO;

    /** What {@code decode --json} prints. */
    record Document(
            long bytes,
            int converted,
            String dtype,
            List<String> files,
            List<FindingDocument> findings,
            String out,
            int tensors) {}

    @Override
    Outcome run(ProgressLine progress) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            CheckpointConversion.Result written = CheckpointConversion.convert(checkpoint, out, dtype, progress);
            String type = written.dtype().name().toLowerCase(Locale.ROOT);
            Document document = new Document(
                    written.bytes(),
                    written.converted(),
                    type,
                    written.files(),
                    FindingDocument.of(written.findings()),
                    out.toString(),
                    written.tensors());
            String text = new Layout()
                    .title(out.toString())
                    .fact(
                            "tensors",
                            Layout.plural(written.tensors(), "tensor") + ", " + Layout.bytes(written.bytes()) + "; "
                                    + Layout.number(written.converted()) + " converted to " + type)
                    .fact("files", String.join(", ", written.files()))
                    .findings(written.findings())
                    .toString();
            return new Outcome(document, text, written.findings().isEmpty());
        }
    }
}
