package io.modelassay.compatibility;

import org.apiguardian.api.API;

/** How loading an artifact ends. */
@API(status = API.Status.EXPERIMENTAL)
public enum Outcome {
    /** It loads, without a message about it. */
    CLEAN,
    /** It loads, with a message. */
    WARN,
    /** Loading raises an exception. */
    ERROR,
    /** It loads without a message and has no effect. */
    SILENT,
    /** It loads, and the first computation raises an exception. */
    FORWARD_ERROR,
    /** There is no telling: the version or the method is not known here. */
    NOT_COVERED
}
