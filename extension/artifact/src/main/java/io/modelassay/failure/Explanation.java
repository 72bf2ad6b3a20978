package io.modelassay.failure;

import java.io.Serializable;
import org.apiguardian.api.API;

/**
 * What the reference says about a kind of problem.
 *
 * @param audience whose matter it is
 * @param meaning what is wrong: one sentence without its full stop
 * @param cure what helps in most cases; the message of a failure has its own, more exact step
 */
@API(status = API.Status.EXPERIMENTAL)
public record Explanation(Audience audience, String meaning, String cure) implements Serializable {
    /** Of a problem that the request causes. */
    public static Explanation ofUser(String meaning, String cure) {
        return new Explanation(Audience.USER, meaning, cure);
    }

    /** Of a problem of the artifact. */
    public static Explanation ofArtifact(String meaning, String cure) {
        return new Explanation(Audience.ARTIFACT, meaning, cure);
    }

    /** Of a problem of the machine, the JVM or its libraries. */
    public static Explanation ofEnvironment(String meaning, String cure) {
        return new Explanation(Audience.ENVIRONMENT, meaning, cure);
    }

    /** Of a defect of ModelAssay. */
    public static Explanation ofDefect(String meaning, String cure) {
        return new Explanation(Audience.DEFECT, meaning, cure);
    }
}
