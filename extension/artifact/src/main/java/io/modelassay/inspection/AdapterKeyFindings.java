package io.modelassay.inspection;

import io.modelassay.adapter.AdapterCause;
import io.modelassay.adapter.AdapterConfig;
import io.modelassay.adapter.AdapterReport;
import io.modelassay.adapter.AdapterReport.Mismatch;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What to say of an adapter's keys and shapes. Whether they are errors is the verdict of the newest known PEFT, as {@code
 * predict} has it.
 */
final class AdapterKeyFindings {
    private static final String CONFIG = "adapter_config.json";

    private final PeftAdapter adapter;
    private final AdapterReport report;
    private final Severity severity;
    private final List<Finding> findings = new ArrayList<>();

    private AdapterKeyFindings(PeftAdapter adapter, AdapterReport report, Severity severity) {
        this.adapter = adapter;
        this.report = report;
        this.severity = severity;
    }

    /** Errors unless the adapter {@code works} all the same. */
    static List<Finding> of(PeftAdapter adapter, AdapterReport report, boolean works) {
        AdapterKeyFindings found = new AdapterKeyFindings(adapter, report, works ? Severity.WARNING : Severity.ERROR);
        if (report.isFullModel()) {
            found.fullModel();
            return found.findings;
        }
        for (AdapterCause cause : report.causes()) {
            found.add(cause.id(), found.severity, cause.subject(), cause.message(), cause.nextStep());
        }
        if (report.stored() > 0) {
            found.targets();
            found.missing();
            found.mismatched();
            found.unexpected();
            found.zeroEffect();
        }
        return found.findings;
    }

    private void fullModel() {
        add(
                "adapter-is-full-model",
                Severity.ERROR,
                String.valueOf(adapter.weights().tensorFiles().get(0).getFileName()),
                "The file holds " + report.stored() + " tensors of the model itself and none of "
                        + adapter.config().peftType() + "; PEFT would find no adapter in it",
                "save the PeftModel with save_pretrained, or load this as a model");
    }

    /** Where nothing else says so already. */
    private void zeroEffect() {
        if (findings.isEmpty() && report.hasZeroEffect() && !report.expected().isEmpty()) {
            add(
                    "adapter-zero-effect",
                    Severity.ERROR,
                    adapter.name(),
                    "PEFT would find none of " + report.stored() + " tensors a place in a module of this base that has"
                            + " all it needs, so the base would answer as if there were no adapter",
                    "the base that the adapter was trained on");
        }
    }

    private void targets() {
        AdapterConfig config = adapter.config();
        String targets = config.targetModules().map(Object::toString).orElse("none");
        if (report.expected().isEmpty()) {
            add(
                    "adapter-targets-nothing",
                    Severity.ERROR,
                    CONFIG,
                    "target_modules " + targets + " names no module of this base"
                            + (config.layersToTransform().isEmpty() ? "" : " in layers " + config.layersToTransform())
                            + "; PEFT refuses the adapter: Target modules not found in the base model",
                    "the base that the adapter was trained on"
                            + config.baseModel().map(name -> ": " + name).orElse(""));
        } else if (!report.idleTargets().isEmpty()) {
            add(
                    "adapter-target-unmatched",
                    Severity.WARNING,
                    CONFIG,
                    "target_modules names " + String.join(", ", report.idleTargets())
                            + ", and this base has no such linear or embedding module; PEFT passes over that in silence",
                    "check that this is the base the adapter was trained on");
        }
    }

    private void missing() {
        List<String> missing = report.unexplained().missing();
        if (missing.isEmpty()) {
            return;
        }
        String nearest = report.nearest(missing.get(0))
                .map(name -> "; the nearest key without a place is " + name)
                .orElse("");
        List<String> halves = report.incomplete();
        add(
                "adapter-keys-missing",
                severity,
                missing.get(0),
                (missing.size() == 1
                                ? "PEFT looks for this tensor, which is not stored"
                                : "PEFT looks for " + missing.size() + " tensors that are not stored: "
                                        + NameGroup.summary(missing))
                        + nearest
                        + (halves.isEmpty()
                                ? ""
                                : "; " + halves.size()
                                        + " modules have some of their tensors and lack others, which PEFT"
                                        + " leaves as they are initialized: " + NameGroup.summary(halves))
                        + withoutEffect(),
                "save the adapter again, or correct target_modules in " + CONFIG);
    }

    private String withoutEffect() {
        return report.hasZeroEffect() ? "; no module has all it needs, so the adapter has no effect" : "";
    }

    private void mismatched() {
        Map<String, List<Mismatch>> ranks = new TreeMap<>();
        List<Mismatch> shapes = new ArrayList<>();
        for (Mismatch mismatch : report.unexplained().mismatched()) {
            if (mismatch.byRank()) {
                ranks.computeIfAbsent(ranks(mismatch), key -> new ArrayList<>()).add(mismatch);
            } else {
                shapes.add(mismatch);
            }
        }
        ranks.values()
                .forEach(these -> disagreement(
                        "adapter-rank-disagrees", these, rank(these.get(0)), "correct r or rank_pattern in " + CONFIG));
        if (!shapes.isEmpty()) {
            disagreement("adapter-shape-mismatch", shapes, "", "the base model that the adapter was trained on");
        }
    }

    private static String ranks(Mismatch mismatch) {
        int axis = axis(mismatch);
        return mismatch.stored().dimension(axis) + " " + mismatch.expected().dimension(axis);
    }

    private static int axis(Mismatch mismatch) {
        int axis = 0;
        while (mismatch.stored().dimension(axis) == mismatch.expected().dimension(axis)) {
            axis++;
        }
        return axis;
    }

    private String rank(Mismatch mismatch) {
        return "Rank " + mismatch.stored().dimension(axis(mismatch)) + " is stored, " + CONFIG + " says "
                + mismatch.expected().dimension(axis(mismatch)) + " (r "
                + adapter.config().rank() + "). ";
    }

    private void disagreement(String id, List<Mismatch> these, String what, String nextStep) {
        Mismatch first = these.get(0);
        String shape = first.stored() + ", PEFT would make " + first.expected();
        add(
                id,
                Severity.ERROR,
                first.name(),
                what
                        + (these.size() == 1
                                ? "The tensor is stored as " + shape
                                : "Of " + these.size() + " tensors this one is stored as " + shape + "; all: "
                                        + NameGroup.summary(these.stream()
                                                .map(Mismatch::name)
                                                .toList()))
                        + "; PEFT refuses the adapter: size mismatch",
                nextStep);
    }

    private void unexpected() {
        List<String> unexpected = report.unexplained().unexpected();
        if (unexpected.isEmpty()) {
            return;
        }
        add(
                "adapter-keys-unexpected",
                severity,
                unexpected.get(0),
                (unexpected.size() == 1
                                ? "The tensor is stored, and"
                                : unexpected.size() + " tensors are stored, " + NameGroup.summary(unexpected) + ", and")
                        + " PEFT has no place for them under this config and base; it drops them in silence",
                "correct target_modules in " + CONFIG + ", or use the base that the adapter was trained on");
    }

    private void add(String id, Severity severity, String subject, String message, String nextStep) {
        findings.add(new Finding(id, severity, subject, message, nextStep));
    }
}
