package io.modelassay.matrix.result;

import org.apiguardian.api.API;

/** How a cell ended. */
@API(status = API.Status.EXPERIMENTAL)
public enum CellOutcome {
    /** The suite ran to its end, whatever its tests said. */
    COMPLETED,
    /** The JVM ended before the suite did: {@code System.exit} in a test, an abort, a signal. */
    CRASHED,
    /** The suite took longer than its limit and was ended. */
    TIMED_OUT,
    /** The heap was exhausted, or more memory was resident than allowed. */
    OUT_OF_MEMORY,
    /** A library of the stack could not be found. */
    UNRESOLVABLE,
    /** What the JVM left of its events is not readable. */
    GARBLED,
    /** Nothing was selected. */
    NO_TESTS,
    /** The JVM could not be started. */
    NOT_STARTED
}
