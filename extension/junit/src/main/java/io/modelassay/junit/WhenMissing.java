package io.modelassay.junit;

import org.apiguardian.api.API;

/** What happens to a test whose model is not there. */
@API(status = API.Status.EXPERIMENTAL)
public enum WhenMissing {
    /** The test fails: the default, so that a mistyped path is never a green build. */
    FAIL,
    /** The test is skipped, with the path in the reason. */
    SKIP
}
