package io.modelassay.inspection;

import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelHead;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.architecture.Parameter.Kind;
import io.modelassay.architecture.StoredNames;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Head and embedding against {@code tie_word_embeddings}. Their bytes are compared where both are stored and alike, up
 * to the first that differs.
 */
final class TiedHead {
    private TiedHead() {}

    static List<Finding> findings(Checkpoint checkpoint, ModelPlan plan, LoadReport report) {
        if (plan.modelClass().head() != ModelHead.LANGUAGE_MODEL) {
            return List.of();
        }
        Parameter embedding = only(plan, Kind.EMBEDDING);
        Parameter head = only(plan, Kind.HEAD);
        StoredNames names = StoredNames.of(checkpoint, plan);
        Optional<TensorInfo> table = names.own(embedding);
        Optional<TensorInfo> logits = names.own(head);
        boolean tied = !plan.tied().isEmpty() || plan.keepsStoredHead();
        List<Finding> findings = new ArrayList<>();
        if (table.isPresent() && logits.isPresent()) {
            if (fits(table.get(), embedding) && fits(logits.get(), head)) {
                boolean equal = !plan.keepsStoredHead()
                        && table.get().type() == logits.get().type()
                        && checkpoint.contentEquals(table.get(), checkpoint, logits.get());
                if (tied) {
                    findings.add(storedTwice(logits.get(), table.get(), equal));
                } else if (equal) {
                    findings.add(new Finding(
                            "duplicated-head",
                            Severity.INFO,
                            logits.get().name(),
                            "The head holds the same values as " + table.get().name()
                                    + ", and config.json does not tie them: "
                                    + logits.get().byteLength()
                                    + " bytes are stored twice",
                            "set tie_word_embeddings to true and leave the head out, if the two were trained as one"));
                }
            }
        } else if (tied && logits.isPresent()) {
            findings.add(new Finding(
                    "tied-embedding-missing",
                    Severity.INFO,
                    embedding.name(),
                    "config.json ties embedding and head, and only "
                            + logits.get().name()
                            + " is stored; transformers 5 uses it for both, transformers 4 fails in the forward pass",
                    "store the values as " + embedding.name()));
        } else if (!tied && table.isPresent() && report.missing().contains(head.name())) {
            findings.add(new Finding(
                    "tied-head-missing",
                    Severity.ERROR,
                    head.name(),
                    "The head is not stored, and config.json does not tie it to "
                            + table.get().name() + "; a loader would initialize it at random",
                    "set tie_word_embeddings to true if the head was tied in training, otherwise save the head"));
        }
        return findings;
    }

    private static Finding storedTwice(TensorInfo head, TensorInfo table, boolean equal) {
        return new Finding(
                "tied-head-stored-twice",
                equal ? Severity.INFO : Severity.ERROR,
                head.name(),
                equal
                        ? "config.json ties the head to " + table.name()
                                + ", and it is stored all the same, with equal values"
                        : "config.json ties the head to " + table.name()
                                + ", but it is stored with other values: transformers 4 replaces it by the embedding,"
                                + " transformers 5 keeps both, and so do the figures here",
                equal
                        ? "nothing needs doing; leaving it out saves " + head.byteLength() + " bytes"
                        : "set tie_word_embeddings to false if the head was trained, otherwise leave it out");
    }

    private static Parameter only(ModelPlan plan, Kind kind) {
        return plan.parameters().stream()
                .filter(parameter -> parameter.kind() == kind)
                .findFirst()
                .orElseThrow();
    }

    private static boolean fits(TensorInfo tensor, Parameter parameter) {
        return tensor.shape().equals(parameter.shape());
    }
}
