package io.modelassay.baseline;

import static io.modelassay.failure.Explanation.ofArtifact;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ProblemId;
import org.apiguardian.api.API;

/** Why a baseline cannot be compared with. */
@API(status = API.Status.EXPERIMENTAL)
public enum BaselineProblem implements ProblemId {
    BASELINE_UNUSABLE(ofArtifact("the file of a baseline cannot be read or written", "approve the figures again"));

    private final Explanation explanation;

    BaselineProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }
}
