package io.modelassay.cli;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.report.ProgressLine;
import io.modelassay.values.DecodedScan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Every stored floating-point value. */
@Command(
        name = "scan",
        description =
                "Look at every stored floating-point value, and at what quantized weights decode to: NaN, infinities, "
                        + "largest magnitude, implausible scales.")
final class ScanVerb extends Verb {
    private static final int SHOWN = 10;

    @Parameters(paramLabel = "FOLDER", description = "The model's folder, or one .safetensors file.")
    private Path folder = Path.of("");

    /** What {@code scan --json} prints. */
    record Document(long bytes, List<FindingDocument> findings, double seconds, List<Scanned> tensors, int threads) {}

    /** One tensor of the document, stored or as a stored quantization decodes it. */
    record Scanned(
            String name,
            String dtype,
            List<Long> shape,
            long count,
            long nan,
            long inf,
            double absMax,
            boolean decoded,
            @Nullable Long firstNonFinite) {}

    @Override
    Outcome run(ProgressLine progress) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            StoredQuantization quantization = DecodedScan.quantization(checkpoint);
            List<TensorInfo> floats = quantization.numbers().stream()
                    .filter(tensor -> tensor.type().isFloatingPoint())
                    .toList();
            ScanReport report = ValueScan.create().onProgress(progress).scan(checkpoint, floats);
            DecodedScan decoded = DecodedScan.of(checkpoint, quantization, progress);
            List<Finding> findings = new ScanFindings(checkpoint, quantization).of(report, decoded);
            List<Scanned> tensors = new ArrayList<>();
            report.tensors().forEach(scan -> tensors.add(scanned(scan, false)));
            decoded.tensors().forEach(scan -> tensors.add(scanned(scan, true)));
            tensors.sort(Comparator.comparing(Scanned::name).thenComparing(Scanned::decoded));
            Document document = new Document(
                    report.bytes(), FindingDocument.of(findings), report.seconds(), tensors, report.threads());
            boolean holds = findings.stream().noneMatch(finding -> finding.severity() == Finding.Severity.ERROR);
            return new Outcome(document, text(checkpoint, report, decoded.tensors(), findings), holds);
        }
    }

    private static Scanned scanned(TensorScan scan, boolean decoded) {
        return new Scanned(
                scan.name(),
                scan.type().label(),
                scan.shape().dimensions(),
                scan.count(),
                scan.nan(),
                scan.inf(),
                scan.absMax(),
                decoded,
                scan.firstNonFiniteIndex().isPresent()
                        ? scan.firstNonFiniteIndex().getAsLong()
                        : null);
    }

    private static String text(
            Checkpoint checkpoint, ScanReport report, List<TensorScan> decoded, List<Finding> findings) {
        Layout layout = new Layout().title(InspectText.name(checkpoint));
        long values = report.tensors().stream().mapToLong(TensorScan::count).sum();
        int others = checkpoint.tensors().size() - report.tensors().size();
        layout.fact(
                "scanned",
                Layout.plural(report.tensors().size(), "floating-point tensor") + ", " + Layout.number(values)
                        + " values, " + Layout.bytes(report.bytes()));
        if (others > 0) {
            layout.fact("not scanned", Layout.plural(others, "tensor") + " of integers or packed codes");
        }
        if (!decoded.isEmpty()) {
            layout.fact("decoded", Layout.plural(decoded.size(), "quantized weight"));
        }
        List<TensorScan> all =
                Stream.concat(report.tensors().stream(), decoded.stream()).toList();
        long bad = all.stream().filter(scan -> !scan.isFinite()).count();
        layout.fact("not finite", bad == 0 ? "none" : Layout.plural(bad, "tensor"));
        List<List<String>> largest = all.stream()
                .sorted(Comparator.comparingDouble(TensorScan::absMax)
                        .reversed()
                        .thenComparing(TensorScan::name))
                .limit(SHOWN)
                .map(scan -> List.of(
                        scan.name(),
                        scan.type().label(),
                        scan.shape().toString(),
                        String.format(java.util.Locale.ROOT, "%.5g", scan.absMax())))
                .toList();
        if (!largest.isEmpty()) {
            layout.title("Largest magnitudes").table(List.of("tensor", "type", "shape", ">max |x|"), largest);
        }
        return layout.findings(findings).toString();
    }
}
