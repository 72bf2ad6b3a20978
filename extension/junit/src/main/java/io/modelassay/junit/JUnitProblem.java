package io.modelassay.junit;

import static io.modelassay.failure.Explanation.ofArtifact;
import static io.modelassay.failure.Explanation.ofEnvironment;
import static io.modelassay.failure.Explanation.ofUser;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ProblemId;
import org.apiguardian.api.API;

/** Why a test gets no model. */
@API(status = API.Status.EXPERIMENTAL)
public enum JUnitProblem implements ProblemId {
    WRONG_CONFIGURATION(ofUser(
            "an annotation or a configuration parameter cannot mean anything",
            "the attribute and the value that the message names")),
    MODEL_NOT_LOADED(ofArtifact("the model of a test cannot be opened", "what the message says about its cause")),
    GPU_REQUIRED(ofEnvironment(
            "a test asks for a GPU, none is there, and modelassay.gpu is required",
            "a machine with a GPU, or device = Device.AUTO")),
    CONTENT_CHANGED(ofArtifact(
            "the checkpoint has another sha256 than the test asks for",
            "the revision that the test was written for, or the new hash if the change is wanted")),
    LOAD_TIMED_OUT(ofEnvironment("opening the model took too long", "modelassay.load.timeout with more seconds"));

    private final Explanation explanation;

    JUnitProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }
}
