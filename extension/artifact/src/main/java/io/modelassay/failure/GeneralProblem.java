package io.modelassay.failure;

import static io.modelassay.failure.Explanation.ofArtifact;
import static io.modelassay.failure.Explanation.ofDefect;
import static io.modelassay.failure.Explanation.ofEnvironment;
import static io.modelassay.failure.Explanation.ofUser;

import org.apiguardian.api.API;

/** Problems that any part of the product can meet. */
@API(status = API.Status.EXPERIMENTAL)
public enum GeneralProblem implements ProblemId {
    WRONG_USAGE(ofUser("an argument, an option or a setting cannot be taken", "the help of the verb")),
    NOT_POSSIBLE(ofArtifact(
            "what is asked for cannot be done with this artifact",
            "what the message says is missing, or another artifact")),
    INPUT_OUTPUT(ofUser("a file cannot be read or written", "another path, or other rights")),
    OUT_OF_MEMORY(ofEnvironment("the memory of the JVM is too small", "-Xmx with more")),
    STACK_OVERFLOW(ofArtifact(
            "the artifact is nested or worded so that the stack of the JVM is too small",
            "-Xss with more, and a report")),
    LIBRARIES_DO_NOT_FIT(
            ofEnvironment("libraries on the class path do not fit each other", "the libraries of one release")),
    UNEXPECTED(ofDefect("something that should not happen", "--debug, and a report of what it shows"));

    private final Explanation explanation;

    GeneralProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }
}
