package io.modelassay.quantization;

import static io.modelassay.failure.Explanation.ofArtifact;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ProblemId;
import org.apiguardian.api.API;

/** Why stored weights cannot be decoded. */
@API(status = API.Status.EXPERIMENTAL)
public enum FormatProblem implements ProblemId {
    FORMAT_NOT_KNOWN(ofArtifact(
            "the weights are quantized in a format that no scheme reads",
            "check the artifact with the library that wrote it, or inspect the float model that it was made from"));

    private final Explanation explanation;

    FormatProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }
}
