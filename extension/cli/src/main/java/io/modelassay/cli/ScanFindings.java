package io.modelassay.cli;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.quantization.UnknownFormat;
import io.modelassay.values.DecodedScan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeSet;

/**
 * What a scan found to be wrong. A stored part that is not finite is told once: what its weight decodes to stands in the
 * same finding.
 */
final class ScanFindings {
    private final Checkpoint checkpoint;
    private final StoredQuantization quantization;
    private final List<Finding> findings = new ArrayList<>();

    ScanFindings(Checkpoint checkpoint, StoredQuantization quantization) {
        this.checkpoint = checkpoint;
        this.quantization = quantization;
    }

    List<Finding> of(ScanReport stored, DecodedScan decoded) {
        quantization.unknownFormat().ifPresent(this::unknown);
        if (stored.tensors().isEmpty() && decoded.tensors().isEmpty()) {
            nothing();
        }
        Set<String> broken = new TreeSet<>();
        stored.tensors().stream().filter(scan -> !scan.isFinite()).forEach(scan -> broken.add(scan.name()));
        Set<String> noted = new TreeSet<>(broken);
        decoded.findings().stream()
                .filter(finding -> finding.id().equals("scale-non-finite"))
                .forEach(finding -> noted.add(finding.subject()));
        Map<String, String> consequences = new HashMap<>();
        List<TensorScan> own = new ArrayList<>();
        for (TensorScan scan : decoded.tensors()) {
            Optional<String> cause = scan.isFinite() ? Optional.empty() : cause(scan, noted);
            cause.ifPresent(part -> consequences.put(
                    part,
                    "; " + what(scan) + " of " + Layout.number(scan.count()) + " values of " + scan.name()
                            + " decode from it"));
            if (!scan.isFinite() && cause.isEmpty()) {
                own.add(scan);
            }
        }
        stored.tensors().stream()
                .filter(scan -> !scan.isFinite())
                .forEach(scan -> notFinite(scan, consequences.getOrDefault(scan.name(), "")));
        own.forEach(scan -> notFinite(scan, ""));
        decoded.findings().stream()
                .filter(finding -> !finding.id().equals("scale-non-finite") || !broken.contains(finding.subject()))
                .map(finding -> new Finding(
                        finding.id(),
                        finding.severity(),
                        finding.subject(),
                        finding.message()
                                + (finding.id().equals("scale-non-finite")
                                        ? consequences.getOrDefault(finding.subject(), "")
                                        : ""),
                        finding.nextStep()))
                .forEach(findings::add);
        return findings;
    }

    /** The stored part that makes a decoded weight not finite. */
    private Optional<String> cause(TensorScan scan, Set<String> broken) {
        return quantization.find(scan.name()).map(PackedWeight::parts).stream()
                .flatMap(parts -> parts.values().stream())
                .map(TensorInfo::name)
                .filter(broken::contains)
                .findFirst();
    }

    private void unknown(UnknownFormat format) {
        findings.addAll(quantization.findings());
        findings.add(new Finding(
                "values-not-scanned",
                Finding.Severity.INFO,
                format.source(),
                "Only tensors in full precision are scanned, since nothing tells what the others hold",
                format.nextStep()));
    }

    private void nothing() {
        findings.add(new Finding(
                "nothing-to-scan",
                Finding.Severity.ERROR,
                "the checkpoint",
                "None of its " + Layout.plural(checkpoint.tensors().size(), "tensor") + " holds floating-point values",
                "check that this is the right folder"));
    }

    private void notFinite(TensorScan scan, String consequence) {
        findings.add(new Finding(
                "non-finite-weight",
                Finding.Severity.ERROR,
                scan.name(),
                what(scan) + " of " + Layout.number(scan.count()) + " values, the first at " + coordinates(scan)
                        + consequence,
                "convert the checkpoint again from its source, and look at the step that wrote this tensor"));
    }

    private static String what(TensorScan scan) {
        StringJoiner what = new StringJoiner(" and ");
        if (scan.nan() > 0) {
            what.add(Layout.number(scan.nan()) + " NaN");
        }
        if (scan.inf() > 0) {
            what.add(Layout.number(scan.inf()) + " infinite");
        }
        return what.toString();
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
}
