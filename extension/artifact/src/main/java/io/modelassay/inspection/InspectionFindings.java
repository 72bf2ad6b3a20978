package io.modelassay.inspection;

import io.modelassay.architecture.ModelClass;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.UnsupportedArchitectureException;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Puts what an inspection sees into words. The ids are public; docs/reference.md lists them. */
final class InspectionFindings {
    private static final String CONFIG = "config.json";

    private final List<Finding> findings = new ArrayList<>();

    List<Finding> all() {
        return findings;
    }

    private void add(String id, Severity severity, String subject, String message, String nextStep) {
        findings.add(new Finding(id, severity, subject, message, nextStep));
    }

    void noTensors(String file) {
        add(
                "no-tensors",
                Severity.ERROR,
                file,
                "The checkpoint holds no tensor at all, so there is nothing to check",
                "save the model again");
    }

    void unknownArchitecture(ModelConfig config) {
        if (!config.exists()) {
            add(
                    "missing-config",
                    Severity.WARNING,
                    CONFIG,
                    "There is no config.json, so the expected tensors are not known",
                    "add the config.json that belongs to the checkpoint");
            return;
        }
        Optional<String> type = config.modelType();
        add(
                "unknown-model-type",
                Severity.WARNING,
                CONFIG,
                (type.isPresent()
                                ? "The model type \"" + type.get() + "\" is not known here"
                                : "The config names no model_type")
                        + ", so nothing was compared with the tensors that a loader expects; files, the sets of experts and"
                        + " the parts of quantized modules were checked all the same",
                "scan, and inspect with --reference, which need no architecture");
    }

    void modelClass(ModelPlan plan) {
        ModelClass own = plan.modelClass();
        if (own.family() == ModelClass.Family.OTHER) {
            add(
                    "class-of-another-family",
                    Severity.WARNING,
                    CONFIG,
                    "architectures names " + own.name() + ", which is no class of model_type \"" + plan.modelType()
                            + "\": transformers loads by model_type, servers such as vLLM by the class",
                    "correct the one of the two that is wrong");
        } else if (own.family() == ModelClass.Family.UNKNOWN) {
            add(
                    "unknown-class",
                    Severity.INFO,
                    CONFIG,
                    "architectures names " + own.name() + ", which is no class of transformers for model_type \""
                            + plan.modelType() + "\": the base model was compared, its head was not",
                    "nothing needs doing if the code of the class comes with the model");
        }
    }

    void unsupportedArchitecture(UnsupportedArchitectureException e) {
        add(
                "unsupported-architecture",
                Severity.INFO,
                CONFIG,
                e.details().sentence(),
                "scan, and inspect with --reference, which need no architecture");
    }

    /** The difference from a reference; {@code zero} are biases that change nothing. */
    void difference(CheckpointDifference difference, Set<String> zero) {
        if (!zero.isEmpty()) {
            add(
                    "zero-bias-against-reference",
                    Severity.INFO,
                    zero.iterator().next(),
                    zero.size() + (zero.size() == 1 ? " bias" : " biases")
                            + " that the reference lacks, every value zero, so nothing changes: "
                            + NameGroup.summary(zero),
                    "nothing needs doing");
        }
        difference
                .missing()
                .forEach(name -> add(
                        "missing-against-reference",
                        Severity.WARNING,
                        name,
                        "The reference holds this tensor, the checkpoint does not",
                        "save the checkpoint again, unless the tensor is tied to another"));
        difference.unexpected().stream()
                .filter(name -> !zero.contains(name))
                .forEach(name -> add(
                        "unexpected-against-reference",
                        Severity.WARNING,
                        name,
                        "The checkpoint holds this tensor, the reference does not",
                        "check that the reference is the model that this one was made from"));
        Map<String, List<String>> converted = new TreeMap<>();
        for (CheckpointDifference.Mismatch mismatch : difference.mismatched()) {
            if (mismatch.isOfAnotherShape()) {
                add(
                        "shape-differs-from-reference",
                        Severity.WARNING,
                        mismatch.name(),
                        "The tensor is stored as " + mismatch.stored() + ", the reference has " + mismatch.expected(),
                        "check that the reference is the model that this one was made from");
            } else {
                converted
                        .computeIfAbsent(
                                mismatch.storedType().label() + ", the reference has "
                                        + mismatch.expectedType().label(),
                                key -> new ArrayList<>())
                        .add(mismatch.name());
            }
        }
        converted.forEach((types, names) -> add(
                "dtype-differs-from-reference",
                Severity.INFO,
                names.get(0),
                names.size() + (names.size() == 1 ? " tensor is" : " tensors, this one first, are") + " stored as "
                        + types,
                "nothing needs doing if the conversion was meant"));
    }
}
