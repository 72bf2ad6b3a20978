package io.modelassay.cli;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.inspection.DecodedScan;
import io.modelassay.report.ProgressLine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.StringJoiner;
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
            List<TensorInfo> floats = checkpoint.tensors().values().stream()
                    .filter(tensor -> tensor.type().isFloatingPoint())
                    .toList();
            ScanReport report = ValueScan.create().onProgress(progress).scan(checkpoint, floats);
            DecodedScan decoded = DecodedScan.of(checkpoint, progress);
            List<TensorScan> all = new ArrayList<>(report.tensors());
            all.addAll(decoded.tensors());
            List<Finding> findings = findings(all, checkpoint.tensors().size());
            findings.addAll(decoded.findings());
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

    private static List<Finding> findings(List<TensorScan> scans, int stored) {
        List<Finding> findings = new ArrayList<>();
        if (scans.isEmpty()) {
            findings.add(new Finding(
                    "nothing-to-scan",
                    Finding.Severity.ERROR,
                    "the checkpoint",
                    "None of its " + Layout.plural(stored, "tensor") + " holds floating-point values",
                    "check that this is the right folder"));
        }
        for (TensorScan scan : scans) {
            if (scan.isFinite()) {
                continue;
            }
            StringJoiner what = new StringJoiner(" and ");
            if (scan.nan() > 0) {
                what.add(Layout.number(scan.nan()) + " NaN");
            }
            if (scan.inf() > 0) {
                what.add(Layout.number(scan.inf()) + " infinite");
            }
            findings.add(new Finding(
                    "non-finite-weight",
                    Finding.Severity.ERROR,
                    scan.name(),
                    what + " of " + Layout.number(scan.count()) + " values, the first at " + coordinates(scan),
                    "convert the checkpoint again from its source, and look at the step that wrote this tensor"));
        }
        return findings;
    }

    /** The coordinates of the first value that is not finite, such as {@code [0, 17]}. */
    private static List<Long> coordinates(TensorScan scan) {
        List<Long> coordinates = new ArrayList<>();
        long rest = scan.firstNonFiniteIndex().orElse(0);
        for (int axis = scan.shape().rank() - 1; axis >= 0; axis--) {
            coordinates.add(0, rest % scan.shape().dimension(axis));
            rest /= scan.shape().dimension(axis);
        }
        return coordinates;
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
            layout.fact("not scanned", Layout.plural(others, "tensor") + " of integers");
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
