package io.modelassay.inspection;

import io.modelassay.adapter.PeftAdapter;
import io.modelassay.adapter.TrainingState;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import java.util.ArrayList;
import java.util.List;

/** What to say of an adapter's values, and of how its training began. */
final class AdapterValueFindings {
    private static final String CONFIG = "adapter_config.json";

    private final PeftAdapter adapter;
    private final TrainingState training;
    private final List<Finding> findings = new ArrayList<>();

    private AdapterValueFindings(PeftAdapter adapter, TrainingState training) {
        this.adapter = adapter;
        this.training = training;
    }

    static List<Finding> of(PeftAdapter adapter, TrainingState training) {
        AdapterValueFindings found = new AdapterValueFindings(adapter, training);
        found.untrained();
        found.zeroFactors();
        found.startedElsewhere();
        found.nonFinite();
        return found.findings;
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

    /** Of an update that is a product, one factor of zeros is enough. */
    private void zeroFactors() {
        List<String> zero = training.zeroFactors();
        if (zero.isEmpty()) {
            return;
        }
        boolean all = training.isCancelled();
        findings.add(new Finding(
                "adapter-zero-factor",
                all ? Severity.ERROR : Severity.WARNING,
                zero.get(0),
                (all
                                ? "The adapter has no effect: the product of the factors is zero, since "
                                : "Some modules have no effect, since their product of factors is zero: ")
                        + zero.size() + " tensors hold nothing but zeros: " + NameGroup.summary(zero),
                "an earlier checkpoint of the training; these factors are not where training begins"));
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

    private void add(String id, Severity severity, String subject, String message, String nextStep) {
        findings.add(new Finding(id, severity, subject, message, nextStep));
    }
}
