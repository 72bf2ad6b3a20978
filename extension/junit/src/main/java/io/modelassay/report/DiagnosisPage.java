package io.modelassay.report;

import io.modelassay.checkpoint.Finding;
import io.modelassay.diagnosis.Diagnosis;
import io.modelassay.diagnosis.OperationRange;
import io.modelassay.diagnosis.SettingTable;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apiguardian.api.API;

/** A diagnosis as one self-contained page. The template escapes every value. */
@API(status = API.Status.INTERNAL)
public final class DiagnosisPage {
    /** Powers of two that a bar of full width stands for: what float16 has above 1. */
    private static final double FULL = 16;

    private DiagnosisPage() {}

    /** The page of {@code diagnosis}, with those of its findings that matter. */
    public static String of(String model, Diagnosis diagnosis, List<Finding> findings) {
        boolean bad = findings.stream().anyMatch(finding -> finding.severity() == Finding.Severity.ERROR);
        Map<String, Object> page = new HashMap<>();
        page.put("model", model);
        page.put("kind", bad ? "bad" : "good");
        page.put("verdict", bad ? "does not survive" : findings.isEmpty() ? "survives" : "survives some settings");
        page.put(
                "calibration",
                ConsoleSummary.count(Math.toIntExact(diagnosis.tokens()), "token") + " of " + diagnosis.calibration());
        page.put(
                "findings",
                findings.stream()
                        .map(finding -> Map.of(
                                "id", finding.id(),
                                "kind", finding.severity() == Finding.Severity.INFO ? "quiet" : "bad",
                                "subject", finding.subject(),
                                "message", finding.message(),
                                "cure", finding.nextStep()))
                        .toList());
        page.put("layers", diagnosis.layers().stream().map(DiagnosisPage::layer).toList());
        page.put(
                "passes",
                diagnosis.passes().stream()
                        .map(pass -> Map.of(
                                "dtype", pass.dtype().name().toLowerCase(Locale.ROOT),
                                "kind", pass.isClean() ? "good" : "bad",
                                "beyond",
                                        pass.beyondHalf()
                                                .map(place -> place.module() + ", " + place)
                                                .orElse("none"),
                                "nonFinite",
                                        pass.nonFinite()
                                                .map(place -> place.module() + ", " + place)
                                                .orElse("none")))
                        .toList());
        SettingTable table = SettingTable.of(diagnosis);
        page.put("heads", table.heads());
        page.put("rows", table.rows());
        return PageTemplate.render(PageTemplate.PACKAGE + "diagnosis.html.peb", page);
    }

    private static Map<String, Object> layer(OperationRange range) {
        double bits = range.headRoomBits();
        double share = Math.max(0, Math.min(1, bits / FULL));
        return Map.of(
                "layer", range.layer(),
                "operation", range.place().module(),
                "largest", Numbers.of(range.largest()),
                "bits", String.format(Locale.ROOT, "%.1f", bits),
                "width", String.format(Locale.ROOT, "%.1f", 100 * share),
                "kind", bits < 1 ? "bad" : "good");
    }
}
