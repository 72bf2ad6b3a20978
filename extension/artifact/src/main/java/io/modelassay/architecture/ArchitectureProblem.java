package io.modelassay.architecture;

import static io.modelassay.failure.Explanation.ofArtifact;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ProblemId;
import org.apiguardian.api.API;

/** Why a model cannot be computed with. */
@API(status = API.Status.EXPERIMENTAL)
public enum ArchitectureProblem implements ProblemId {
    UNSUPPORTED_ARCHITECTURE(ofArtifact(
            "the model type, its class or a feature of its config has no forward pass here",
            "the structural checks, which need no forward pass"));

    private final Explanation explanation;

    ArchitectureProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }
}
