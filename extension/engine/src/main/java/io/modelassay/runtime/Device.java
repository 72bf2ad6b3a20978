package io.modelassay.runtime;

import org.apiguardian.api.API;

/** The device asked for. The one that really ran is recorded with every figure. */
@API(status = API.Status.EXPERIMENTAL)
public enum Device {
    /** The first GPU where the engine sees one, the CPU otherwise. */
    AUTO,
    /** The CPU, always there. */
    CPU,
    /** The first GPU; an error where the engine sees none. */
    GPU
}
