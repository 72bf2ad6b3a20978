package io.modelassay.quantization;

import java.util.Locale;
import org.apiguardian.api.API;

/**
 * Names of methods, for annotations. What a method does is told by its {@link QuantizationMethod}, which has the same name;
 * a method that is not in this list is {@link #NAMED} by a string.
 */
@API(status = API.Status.EXPERIMENTAL)
public enum Method {
    /** Round to nearest on an integer grid of 2, 3, 4 or 8 bits, per group of input channels or per output channel. */
    RTN,
    /** GPTQ: on the grid of RTN, each channel's error made up for by those that follow, as the inputs of a text weigh it. */
    GPTQ,
    /** AWQ: on the grid of RTN, input channels scaled by how much a text's activations weigh them; see {@link AwqSettings}. */
    AWQ,
    /** HQQ: an integer grid per group whose zero point is fitted to the weights, without data. */
    HQQ,
    /** bitsandbytes' 4-bit normal float: blocks of consecutive values, 16 quantiles of a normal distribution. */
    NF4,
    /** bitsandbytes' 4-bit float: blocks of consecutive values, 3 bits of exponent and significand. */
    FP4,
    /** LLM.int8: one symmetric scale for each output channel, codes -127 to 127. */
    LLM_INT8,
    /** 8-bit float with 4 bits of exponent and 3 of significand, largest value 448. */
    FP8,
    /** The method whose name stands beside this: one of a team's own, or of a library's. */
    NAMED;

    /** The name of the {@link QuantizationMethod}, such as {@code llm-int8}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
