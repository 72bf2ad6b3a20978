package io.modelassay.quantizer;

import org.apiguardian.api.API;

/** What may be done where a method fails, if it is allowed by name; otherwise the failure is an error. */
@API(status = API.Status.EXPERIMENTAL)
public enum Fallback {
    /** Rounds a module to nearest whose Hessian cannot be inverted. */
    ROUND_TO_NEAREST,
    /** Leaves the inputs of modules unscaled for which AWQ finds no scales, or which share them with a module that is kept. */
    UNSCALED,
    /** Writes a layout that the newest release of its own library refuses, for users of an older one or of another loader. */
    REFUSED_BY_NEWEST
}
