package io.modelassay.matrix.result;

import org.apiguardian.api.API;

/** What a comparison with the baseline came to. */
@API(status = API.Status.EXPERIMENTAL)
public enum Verdict {
    /** Nothing differs beyond noise. The baseline's own cells have it too. */
    SAME,
    /** Something differs, nothing of it is worse. */
    CHANGED,
    /** Something is worse. */
    REGRESSED,
    /** The cell did not run to its end, so that nobody knows. */
    LOST
}
