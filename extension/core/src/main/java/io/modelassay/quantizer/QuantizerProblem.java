package io.modelassay.quantizer;

import static io.modelassay.failure.Explanation.ofArtifact;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ProblemId;
import org.apiguardian.api.API;

/** Why a model cannot be quantized. */
@API(status = API.Status.EXPERIMENTAL)
public enum QuantizerProblem implements ProblemId {
    MODULE_NOT_QUANTIZABLE(ofArtifact(
            "a module cannot be quantized in the way that was asked for",
            "another group size, another method, or keep the module in full precision"));

    private final Explanation explanation;

    QuantizerProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }
}
