package io.modelassay.matrix.result;

import static io.modelassay.failure.Explanation.ofArtifact;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ProblemId;
import org.apiguardian.api.API;

/** Why the result of a cell cannot be used. */
@API(status = API.Status.EXPERIMENTAL)
public enum CellFileProblem implements ProblemId {
    MATRIX_RESULT_DAMAGED(ofArtifact("the result of a cell cannot be read", "remove the file and run the cell again"));

    private final Explanation explanation;

    CellFileProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }
}
