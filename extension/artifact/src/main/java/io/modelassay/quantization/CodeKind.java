package io.modelassay.quantization;

import org.apiguardian.api.API;

/** What the codes of a stored weight are. */
@API(status = API.Status.EXPERIMENTAL)
public enum CodeKind {
    /** Integers, each a number of steps of the scale. */
    INTEGER,
    /** Floating point of 8 bits, e4m3 or e5m2. */
    FLOAT8,
    /** Floating point of 4 bits, e2m1: NVFP4 and MXFP4. */
    FLOAT4,
    /** Places in a table of 16 values: NF4 and FP4 of bitsandbytes. */
    TABLE4
}
