package io.modelassay.failure;

import java.util.Locale;
import org.apiguardian.api.API;

/** Whose matter a problem is. The exit code of the command line follows from it. */
@API(status = API.Status.EXPERIMENTAL)
public enum Audience {
    /** The request is wrong: an argument, a setting, a text, or a place to write to. */
    USER,
    /** The artifact cannot be read or computed with. */
    ARTIFACT,
    /** The machine, the JVM or its libraries cannot do what is needed. */
    ENVIRONMENT,
    /** ModelAssay itself is wrong. */
    DEFECT;

    /** As written in the documentation: {@code user}, {@code artifact}, {@code environment}, {@code defect}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
