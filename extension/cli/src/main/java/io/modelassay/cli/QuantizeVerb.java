package io.modelassay.cli;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantizer.Calibration;
import io.modelassay.quantizer.Fallback;
import io.modelassay.quantizer.ModelQuantizer;
import io.modelassay.quantizer.ModuleReport;
import io.modelassay.quantizer.QuantizationReport;
import io.modelassay.quantizer.SmoothQuant;
import io.modelassay.report.ProgressLine;
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
            description = {
                "gptq_v2, gptq, awq, pack-quantized (gptq, rtn), bitsandbytes (nf4, fp4, llm-int8),",
                "naive-quantized, fp8 (fp8); by default what the method's tool writes."
            })
    private @Nullable String format;

    @Option(names = "--resume", description = "Go on from where a killed run of the same command has stopped.")
    private boolean resume;

    @Option(
            names = "--allow-fallback",
            paramLabel = "NAME",
            description =
                    "Allow what is otherwise an error: round_to_nearest, for modules whose Hessian cannot be inverted; unscaled, for"
                            + " those whose inputs AWQ cannot scale; refused_by_newest, for a layout that the newest release of its"
                            + " library refuses.")
    private List<Fallback> fallbacks = new ArrayList<>();

    @Mixin
    private ComputeOptions compute = new ComputeOptions();

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
        if (options.smooths()) {
            return smooth(progress);
        }
        Quantization quantization = options.read(this);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            ModelQuantizer quantizer = ModelQuantizer.of(
                            checkpoint,
                            quantization,
                            quantization.needsCalibration()
                                    ? calibration(checkpoint, quantization.label())
                                    : Calibration.NONE)
                    .on(compute.device())
                    .computingIn(compute.dtype())
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

    /** What {@code quantize --method smoothquant --json} prints. */
    record Smoothed(
            List<String> files, List<FindingDocument> findings, String out, double alpha, int norms, long tokens) {}

    private Outcome smooth(ProgressLine progress) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            Calibration text = calibration(checkpoint, "SmoothQuant");
            SmoothQuant.Result result = SmoothQuant.of(checkpoint, text)
                    .alpha(options.alpha())
                    .on(compute.device())
                    .computingIn(compute.dtype())
                    .reporting(progress)
                    .into(out);
            Smoothed document = new Smoothed(
                    result.files(),
                    List.of(),
                    out.toString(),
                    options.alpha(),
                    result.scales().size(),
                    text.tokens());
            String lines = new Layout()
                    .title(out.toString())
                    .fact("smoothed", Layout.plural(document.norms(), "norm") + ", in float32")
                    .fact("files", String.join(", ", result.files()))
                    .fact("calibration", Layout.number(text.tokens()) + " tokens of " + text.name())
                    .toString();
            return new Outcome(document, lines, true);
        } catch (IllegalArgumentException e) {
            throw misused("", e);
        }
    }

    private Calibration calibration(Checkpoint checkpoint, String subject) {
        return calibration
                .read(checkpoint, this)
                .orElseThrow(() -> misused("--calibration: " + subject + " needs a text that flows through the model"));
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
                                + Layout.decimal(100 * worst, 3) + " % of its squared "
                                + (report.tokens() > 0 ? "output" : "weight") + " as error")
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
