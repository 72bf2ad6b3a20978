package io.modelassay.cli;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantizer.Calibration;
import io.modelassay.quantizer.Fallback;
import io.modelassay.quantizer.ModelQuantizer;
import io.modelassay.quantizer.ModuleReport;
import io.modelassay.quantizer.QuantizationReport;
import io.modelassay.report.ProgressLine;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A quantized artifact from a checkpoint. */
@Command(
        name = "quantize",
        description = "Quantize a checkpoint, layer by layer, into an artifact that the format's own library loads.")
final class QuantizeVerb extends Verb {
    @Parameters(paramLabel = "FOLDER", description = "The model's folder.")
    private Path folder = Path.of("");

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            required = true,
            description = "Where to write; must not exist yet, or be empty.")
    private Path out = Path.of("");

    @Mixin
    private QuantizationOptions options = new QuantizationOptions();

    @Mixin
    private CalibrationOptions calibration = new CalibrationOptions();

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "gptq_v2 or gptq; by default what the method's tool writes.")
    private @Nullable String format;

    @Option(names = "--resume", description = "Go on from where a killed run of the same command has stopped.")
    private boolean resume;

    @Option(
            names = "--allow-fallback",
            paramLabel = "NAME",
            description =
                    "Allow what is otherwise an error: round_to_nearest, for modules whose Hessian cannot be inverted.")
    private List<Fallback> fallbacks = new ArrayList<>();

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "auto",
            description = "Compute type of the forward pass: fp32, bf16, fp16, or auto (the config's; the default).")
    private DType dtype = DType.AUTO;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            description = "cpu, gpu, or auto (a GPU where there is one; the default).")
    private Device device = Device.AUTO;

    /** What {@code quantize --json} prints. */
    record Document(
            List<String> files,
            List<FindingDocument> findings,
            String format,
            List<ModuleReport> modules,
            String out,
            String quantization,
            int resumedLayers,
            long tokens) {}

    @Override
    Outcome run(ProgressLine progress) {
        Quantization quantization = options.read(this);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            ModelQuantizer quantizer = ModelQuantizer.of(
                            checkpoint, quantization, calibration(checkpoint, quantization))
                    .on(device)
                    .computingIn(dtype)
                    .reporting(progress);
            if (format != null) {
                quantizer.format(format);
            }
            if (resume) {
                quantizer.resuming();
            }
            fallbacks.forEach(quantizer::allowing);
            QuantizationReport report = quantizer.into(out);
            List<Finding> findings = report.findings();
            Document document = new Document(
                    report.files(),
                    FindingDocument.of(findings),
                    report.format(),
                    report.modules(),
                    out.toString(),
                    quantization.toString(),
                    report.resumed(),
                    report.tokens());
            return new Outcome(document, text(report, quantization), true);
        }
    }

    private Calibration calibration(Checkpoint checkpoint, Quantization quantization) {
        return calibration.read(checkpoint, this).orElseGet(() -> {
            if (quantization.method() == Method.GPTQ) {
                throw misused("--calibration: " + quantization.label() + " needs a text that flows through the model");
            }
            return Calibration.NONE;
        });
    }

    private String text(QuantizationReport report, Quantization quantization) {
        double worst = report.modules().stream()
                .mapToDouble(ModuleReport::outputError)
                .max()
                .orElse(0);
        Layout layout = new Layout()
                .title(out.toString())
                .fact("quantization", quantization + ", as " + report.format())
                .fact(
                        "modules",
                        Layout.plural(report.modules().size(), "module") + ", the worst with "
                                + Layout.decimal(100 * worst, 3) + " % of its squared output as error")
                .fact("files", String.join(", ", report.files()));
        if (report.tokens() > 0) {
            layout.fact("calibration", Layout.number(report.tokens()) + " tokens of " + report.calibration());
        }
        if (report.resumed() > 0) {
            layout.fact("resumed", "behind " + Layout.plural(report.resumed(), "layer"));
        }
        return layout.findings(report.findings()).toString();
    }
}
