package io.modelassay.quantization;

import org.apiguardian.api.API;

/** How many weights share one FP8 scale. */
@API(status = API.Status.EXPERIMENTAL)
public enum Granularity {
    /** The whole tensor. */
    TENSOR,
    /** One output channel (row). */
    CHANNEL,
    /** A block of 128 by 128. */
    BLOCK
}
