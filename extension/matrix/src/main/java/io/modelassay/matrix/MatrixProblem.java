package io.modelassay.matrix;

import static io.modelassay.failure.Explanation.ofArtifact;
import static io.modelassay.failure.Explanation.ofEnvironment;
import static io.modelassay.failure.Explanation.ofUser;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ProblemId;
import java.util.Locale;
import org.apiguardian.api.API;

/** Why a matrix cannot be planned or run. */
@API(status = API.Status.EXPERIMENTAL)
public enum MatrixProblem implements ProblemId {
    // what was asked for
    INVALID_STACK(ofUser("the specification of a stack cannot be read", "--stack djl=0.35.1")),
    UNKNOWN_VERSION(
            ofUser("no known library belongs to the version of the axis", "the versions of all libraries of the axis")),
    DUPLICATE_NAME(ofUser("two cells have one name", "another name of the suite, or name=NAME in the stack")),
    UNKNOWN_BASELINE(ofUser("the baseline names no stack, or several", "the name of one stack")),
    UNKNOWN_CELL(ofUser("the plan has no cell of this name", "a cell of the plan")),
    INVALID_LIMIT(ofUser("a limit of time, memory or cells cannot be kept", "a larger budget, or a smaller limit")),
    NOTHING_TO_RUN(ofUser("there is no suite or no stack", "--suite FOLDER --stack djl=0.35.1")),
    // what was found
    INVALID_SUITE(ofArtifact("the pom of the suite cannot be read", "mvn validate")),
    NOT_COMPILED(ofArtifact("the suite has no compiled classes", "mvn test-compile")),
    INVALID_SETTINGS(ofEnvironment("the settings of Maven cannot be read", "mvn help:effective-settings")),
    INVALID_PLAN(ofArtifact("the plan cannot be read", "modelassay matrix plan")),
    MISSING_RESOLVER(ofEnvironment("Maven Resolver is not on the class path", "modelassay.jar, which has it")),
    NO_CHILD(ofArtifact(
            "the class path of the suite has no ModelAssay, or no JUnit Platform Launcher",
            "the dependency that is missing")),
    MISSING_SPARK(ofEnvironment(
            "Apache Spark is not on the class path, or the JVM keeps packages from it",
            "spark-submit with modelassay.jar")),
    SPARK_FAILED(ofEnvironment("Spark gave up the job", "the same again, which keeps the cells that are done")),
    UNRESOLVABLE(ofEnvironment("a library of a stack cannot be had", "a version that the repositories hold"));

    private final Explanation explanation;

    MatrixProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }

    @Override
    public String id() {
        return "matrix-" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
