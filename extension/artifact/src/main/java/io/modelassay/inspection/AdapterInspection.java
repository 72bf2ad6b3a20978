package io.modelassay.inspection;

import io.modelassay.adapter.AdapterReport;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.adapter.TrainingState;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.compatibility.AdapterPredictor;
import io.modelassay.compatibility.AdapterPredictor.VersionRange;
import io.modelassay.compatibility.Effect;
import io.modelassay.compatibility.Outcome;
import io.modelassay.compatibility.Prediction;
import java.util.ArrayList;
import java.util.List;
import org.apiguardian.api.API;

/**
 * An adapter beside its base model in words: what PEFT would find of it, and whether it has been trained. Reads the
 * base's headers and the adapter's values. Immutable.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class AdapterInspection {
    private final PeftAdapter adapter;
    private final AdapterReport report;
    private final TrainingState training;
    private final Prediction verdict;
    private final List<VersionRange> versions;
    private final List<Finding> findings = new ArrayList<>();

    private AdapterInspection(PeftAdapter adapter, Checkpoint base) {
        this.adapter = adapter;
        AdapterPredictor predictor = AdapterPredictor.of(adapter.folder(), base);
        this.verdict = predictor.newest();
        boolean compared = adapter.hasKnownMethod();
        this.report = compared ? AdapterReport.of(adapter, base) : AdapterReport.notCompared(adapter);
        this.training = compared ? TrainingState.of(adapter) : TrainingState.NOT_COMPARED;
        if (compared && verdict.outcome() != Outcome.NOT_COVERED) {
            findings.addAll(AdapterKeyFindings.of(adapter, report, verdict.works()));
            findings.addAll(AdapterSettingFindings.of(adapter, base, verdict, report));
        }
        findings.addAll(AdapterValueFindings.of(adapter, training));
        AdapterVerdictFindings.of(adapter, predictor, verdict, holds()).ifPresent(findings::add);
        this.versions = predictor.ranges();
        if (verdict.works()) {
            findings.addAll(AdapterVersions.findings(adapter.name(), versions));
        }
        findings.addAll(adapter.weights().notes());
    }

    /**
     * Inspects an adapter beside the base model it is for.
     */
    public static AdapterInspection of(PeftAdapter adapter, Checkpoint base) {
        return new AdapterInspection(adapter, base);
    }

    /** The same, of a checkpoint that the adapter may have been merged into, {@code reference} being what it was before. */
    public static AdapterInspection of(PeftAdapter adapter, Checkpoint merged, Checkpoint reference) {
        AdapterInspection inspection = new AdapterInspection(adapter, merged);
        inspection.findings.addAll(MergeFindings.of(adapter, merged, reference));
        return inspection;
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
        return verdict.effect().filter(Effect.NONE::equals).isPresent();
    }

    /** What the newest known PEFT makes of it beside the newest known transformers: the verdict of {@code predict}. */
    public Prediction verdict() {
        return verdict;
    }

    /** What each version of PEFT would make of it. Neighbouring versions with the same outcome form one range. */
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
}
