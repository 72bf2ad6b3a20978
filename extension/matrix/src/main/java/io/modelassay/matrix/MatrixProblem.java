package io.modelassay.matrix;

import java.util.Locale;
import org.apiguardian.api.API;

/** Why a matrix cannot be planned or run. */
@API(status = API.Status.EXPERIMENTAL)
public enum MatrixProblem {
    // what was asked for
    INVALID_STACK,
    UNKNOWN_VERSION,
    DUPLICATE_NAME,
    UNKNOWN_BASELINE,
    UNKNOWN_CELL,
    INVALID_LIMIT,
    NOTHING_TO_RUN,
    // what was found
    INVALID_SUITE,
    NOT_COMPILED,
    INVALID_SETTINGS,
    INVALID_PLAN,
    MISSING_RESOLVER,
    NO_CHILD,
    MISSING_SPARK,
    SPARK_FAILED,
    UNRESOLVABLE;

    /** Stable kebab-case name, such as {@code not-compiled}. */
    public String id() {
        return "matrix-" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Whether the request is at fault, not the suite, the plan or the machine. */
    public boolean isOfTheRequest() {
        return compareTo(INVALID_SUITE) < 0;
    }
}
