package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.Finding;
import io.modelassay.diagnosis.Setting;
import io.modelassay.evaluation.Origin;
import io.modelassay.failure.Counted;
import java.util.List;
import java.util.Optional;

/** Findings on a model of which there should be none; each check is recorded, and gives the failure where it has one. */
final class FindingChecks {
    private final ModelUnderTest model;

    FindingChecks(ModelUnderTest model) {
        this.model = model;
    }

    Optional<String> implausibleWeights() {
        return none(
                model.weightFindings(),
                "implausible weights",
                Origin.of(Counted.of(model.checkpoint().tensors().size(), "tensor") + " and "
                        + Counted.of(model.storedQuantization().weights().size(), "quantized weight")),
                "to have sane weights");
    }

    Optional<String> causesOfFailure(Setting setting, Text text) {
        return none(
                model.diagnosis(text).findings(setting),
                "causes of failure of " + setting,
                Origin.text(text.name()),
                "to survive " + setting + " on " + text.name());
    }

    private Optional<String> none(List<Finding> found, String check, Origin origin, String expectation) {
        return Check.of(model, check)
                .expecting(expectation)
                .none("findings", found.size())
                .on(origin)
                .otherwise(failure -> failure.but(Counted.of(found.size(), "finding") + " "
                                + Failure.verb(found.size(), "says", "say") + " otherwise:")
                        .items(found.stream()
                                .map(finding -> finding.id() + ": " + finding.subject() + ": " + finding.message())
                                .toList())
                        .from(ComparisonChecks.provenance(model, model.provenance()))
                        .then(found.get(0).nextStep()));
    }
}
