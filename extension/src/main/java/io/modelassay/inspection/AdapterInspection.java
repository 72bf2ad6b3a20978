package io.modelassay.inspection;

import io.modelassay.adapter.AdapterConfig;
import io.modelassay.adapter.AdapterReport;
import io.modelassay.adapter.AdapterReport.Mismatch;
import io.modelassay.adapter.AdapterReport.Renamed;
import io.modelassay.adapter.KeyLeftover;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.adapter.TrainingState;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.compatibility.AdapterPredictor;
import io.modelassay.compatibility.AdapterPredictor.VersionRange;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * An adapter beside its base model in words: what PEFT would find of it, and whether it has been trained. Reads the
 * base's headers and the adapter's values. Immutable.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class AdapterInspection {
    private static final String CONFIG = "adapter_config.json";

    private final PeftAdapter adapter;
    private final AdapterReport report;
    private final TrainingState training;
    private final List<VersionRange> versions;
    private final List<Finding> findings = new ArrayList<>();

    private AdapterInspection(PeftAdapter adapter, Checkpoint base) {
        this.adapter = adapter;
        this.report = AdapterReport.of(adapter, base);
        this.training = TrainingState.of(adapter);
        wholeFile();
        targets();
        renamed();
        missing();
        mismatched();
        unexpected();
        overwriting();
        untrained();
        startedElsewhere();
        nonFinite();
        this.versions = AdapterPredictor.of(adapter.folder(), base).ranges();
        findings.addAll(AdapterVersions.findings(adapter.name(), versions));
        findings.addAll(adapter.weights().notes());
    }

    /**
     * Inspects an adapter beside the base model it is for.
     *
     * @throws io.modelassay.adapter.AdapterException if its method is not known
     */
    public static AdapterInspection of(PeftAdapter adapter, Checkpoint base) {
        return new AdapterInspection(adapter, base);
    }

    /** The adapter. */
    public PeftAdapter adapter() {
        return adapter;
    }

    /** Keys looked for against keys stored. */
    public AdapterReport report() {
        return report;
    }

    /** Whether its tensors have been trained. */
    public TrainingState training() {
        return training;
    }

    /** Whether loading it changes nothing: PEFT finds none of its tensors, or they have never been trained. */
    public boolean hasZeroEffect() {
        return report.hasZeroEffect() || training.isUntrained();
    }

    /** What versions of PEFT would make of it, those together that come to the same end one after another. */
    public List<VersionRange> versions() {
        return versions;
    }

    /** What is wrong or odd. The ids are public; docs/reference.md lists them. */
    public List<Finding> findings() {
        return List.copyOf(findings);
    }

    /** Whether no finding is an error. */
    public boolean holds() {
        return findings.stream().noneMatch(finding -> finding.severity() == Severity.ERROR);
    }

    private void wholeFile() {
        if (report.stored() == 0) {
            add(
                    "adapter-empty",
                    Severity.ERROR,
                    weights(),
                    "The adapter holds no tensor; under ZeRO-3 or FSDP that is what saving without gathering leaves",
                    "gather the parameters before saving, as accelerator.get_state_dict(model) does");
        } else if (report.isFullModel()) {
            add(
                    "adapter-is-full-model",
                    Severity.ERROR,
                    weights(),
                    "The file holds " + report.stored() + " tensors of the model itself and none of "
                            + adapter.config().peftType() + "; PEFT would find no adapter in it",
                    "save the PeftModel with save_pretrained, or load this as a model");
        }
        if (report.hasZeroEffect()
                && !report.isFullModel()
                && !report.expected().isEmpty()) {
            add(
                    "adapter-zero-effect",
                    Severity.ERROR,
                    adapter.name(),
                    "PEFT would find none of " + report.stored() + " tensors a place in a module of this base that has"
                            + " all it needs, so the base would answer as if there were no adapter; PEFT only warns, and"
                            + " before 0.14 says nothing",
                    "the causes in the findings beside this one");
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

    /** One finding for each way in which keys are off. */
    private void renamed() {
        Map<Set<KeyLeftover>, List<String>> kinds = new LinkedHashMap<>();
        report.renamed()
                .forEach((key, to) -> kinds.computeIfAbsent(to.leftovers(), any -> new ArrayList<>())
                        .add(key));
        kinds.forEach((leftovers, keys) -> {
            Renamed first = report.renamed().get(keys.get(0));
            add(
                    "adapter-prefix-renamed",
                    Severity.ERROR,
                    keys.get(0),
                    keys.size() + " of " + report.stored() + " keys have "
                            + leftovers.stream().map(KeyLeftover::words).collect(Collectors.joining(" and "))
                            + "; PEFT would look for " + (first == null ? "other keys" : first.expected())
                            + " and ignore what is there",
                    leftovers.iterator().next().cure());
        });
    }

    private void missing() {
        Set<String> rest = new TreeSet<>(report.missing());
        report.renamed().values().forEach(to -> rest.remove(to.expected()));
        for (NameGroup group : NameGroup.of(rest)) {
            String nearest = report.nearest(group.names().get(0))
                    .map(name -> "; the nearest key without a place is " + name)
                    .orElse("");
            add(
                    "adapter-keys-missing",
                    Severity.ERROR,
                    group.subject(),
                    (group.isOne()
                                    ? "PEFT looks for this tensor, which is not stored"
                                    : "PEFT looks for these tensors, " + group.extent() + ", which are not stored")
                            + nearest,
                    "save the adapter again, or correct target_modules in " + CONFIG);
        }
        if (!report.incomplete().isEmpty()) {
            add(
                    "adapter-half-missing",
                    Severity.ERROR,
                    report.incomplete().get(0),
                    report.incomplete().size()
                            + " modules have some of the tensors of their adapter and lack others, which PEFT leaves as they are"
                            + " initialized, so that the modules do not answer as trained: "
                            + NameGroup.summary(report.incomplete()),
                    "save the adapter again");
        }
    }

    private void mismatched() {
        Map<String, String> ranks = new TreeMap<>();
        Map<String, String> shapes = new TreeMap<>();
        for (Mismatch mismatch : report.mismatched()) {
            (mismatch.byRank() ? ranks : shapes)
                    .put(mismatch.name(), mismatch.stored() + ", PEFT would make " + mismatch.expected());
        }
        disagreements("adapter-rank-disagrees", ranks, "correct r or rank_pattern in " + CONFIG);
        disagreements("adapter-shape-mismatch", shapes, "the base model that the adapter was trained on");
    }

    private void disagreements(String id, Map<String, String> shapes, String nextStep) {
        for (NameGroup group : NameGroup.by(shapes.keySet(), name -> shapes.getOrDefault(name, ""))) {
            String shape = shapes.getOrDefault(group.names().get(0), "");
            add(
                    id,
                    Severity.ERROR,
                    group.subject(),
                    (group.isOne()
                                    ? "The tensor is stored as "
                                    : "These tensors, " + group.extent() + ", are stored as ")
                            + shape + "; PEFT refuses the adapter: size mismatch",
                    nextStep);
        }
    }

    private void unexpected() {
        if (report.isFullModel()) {
            return;
        }
        Set<String> rest = new TreeSet<>(report.unexpected());
        rest.removeAll(report.renamed().keySet());
        for (NameGroup group : NameGroup.of(rest)) {
            add(
                    "adapter-keys-unexpected",
                    Severity.ERROR,
                    group.subject(),
                    (group.isOne()
                                    ? "The tensor is stored, and"
                                    : "These tensors, " + group.extent() + ", are stored, and")
                            + " PEFT has no place for them under this config and base; it drops them in silence",
                    "correct target_modules in " + CONFIG + ", or use the base that the adapter was trained on");
        }
    }

    private void overwriting() {
        if (report.overwriting().isEmpty() || report.isFullModel()) {
            return;
        }
        add(
                "adapter-overwrites-base",
                Severity.WARNING,
                report.overwriting().get(0),
                "The adapter holds weights of the base that its config does not name, and PEFT overwrites the base's with"
                        + " them in silence: " + NameGroup.summary(report.overwriting()),
                "name them in modules_to_save, or remove them from the file");
    }

    private void untrained() {
        if (training.isUntrained()) {
            add(
                    "adapter-untrained",
                    Severity.ERROR,
                    adapter.name(),
                    "Each of " + training.checked() + " tensors that start where the adapter changes nothing is still"
                            + " there, first " + training.untouched().get(0) + "; the base would answer unchanged",
                    "check that the saved parameters are those that were trained");
        } else if (!training.untouched().isEmpty()) {
            add(
                    "adapter-untrained",
                    Severity.WARNING,
                    training.untouched().get(0),
                    training.untouched().size() + " of " + training.checked()
                            + " tensors that start where the adapter changes nothing are still there: "
                            + NameGroup.summary(training.untouched()),
                    "check that these modules took part in training");
        }
    }

    /** Initializations that take something out of the base's weights, which the base on disk still has. */
    private void startedElsewhere() {
        String start = adapter.config().json().isString("init_lora_weights")
                ? adapter.config().json().string("init_lora_weights")
                : "";
        if (start.startsWith("pissa") || start.equals("olora") || start.equals("corda")) {
            add(
                    "adapter-for-modified-base",
                    Severity.WARNING,
                    CONFIG,
                    "init_lora_weights is \"" + start + "\": the adapter is relative to a base whose weights that"
                            + " initialization changed, not to the base on disk",
                    "save it with path_initial_model_for_weight_conversion, which makes it an ordinary LoRA");
        }
    }

    private void nonFinite() {
        ScanReport scan = ValueScan.create().scan(adapter.weights());
        for (TensorScan broken : scan.nonFinite()) {
            add(
                    "adapter-non-finite",
                    Severity.ERROR,
                    broken.name(),
                    "The tensor holds " + broken.nan() + " NaN and " + broken.inf() + " infinities of " + broken.count()
                            + " values, and every output that it reaches is broken",
                    "an earlier checkpoint of the training; no later step repairs it");
        }
    }

    private String weights() {
        return String.valueOf(adapter.weights().tensorFiles().get(0).getFileName());
    }

    private void add(String id, Severity severity, String subject, String message, String nextStep) {
        findings.add(new Finding(id, severity, subject, message, nextStep));
    }
}
