package io.modelassay.junit;

import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Method;
import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.apiguardian.api.API;

/**
 * A quantization, as {@link io.modelassay.quantization.Quantization} describes it. An attribute left at its default takes
 * the method's own; one that the method does not have is an error.
 */
@Documented
@Target({})
@Retention(RetentionPolicy.RUNTIME)
@API(status = API.Status.EXPERIMENTAL)
public @interface Quantize {
    /** The method, of those that this library has. */
    Method method() default Method.NAMED;

    /**
     * The name of any other method, such as one of a team's own: that of its {@link
     * io.modelassay.quantization.QuantizationMethod}.
     */
    String named() default "";

    /** Bits of a code. RTN, GPTQ, AWQ and HQQ have 2, 3, 4 or 8, and 4 unless this says otherwise; the other methods have their own. */
    int bits() default 0;

    /** RTN, GPTQ, AWQ, HQQ: input channels that share a scale, -1 for all; 128 (HQQ: 64) unless this says otherwise. */
    int groupSize() default 0;

    /** RTN, GPTQ: codes centred on zero; false gives each group a zero point. */
    boolean symmetric() default true;

    /** NF4 and FP4: consecutive values that share a scale; 64 unless this says otherwise. */
    int blockSize() default 0;

    /** NF4 and FP4: block scales quantized to 8 bits in turn. */
    boolean doubleQuantization() default false;

    /** FP8: the extent of a scale. */
    Granularity granularity() default Granularity.CHANNEL;

    /** GPTQ: strongest input channels first ({@code desc_act}), groups following that order. */
    boolean actOrder() default false;

    /**
     * GPTQ and AWQ: what flows through the model while it is quantized, as a path relative to the module or absolute: a
     * UTF-8 text, or a {@code .json} file of token windows.
     */
    String calibration() default "";

    /**
     * GPTQ and RTN: rules of GPTQModel's {@code dynamic}, such as {@code +:.*\\.down_proj$=bits:8,group_size:64} and {@code
     * -:.*\\.o_proj$}; the first that matches a module counts. Each must match a module.
     */
    String[] dynamic() default {};

    /** GPTQ and RTN: the head is quantized, too, to 8 bits in groups of 32 unless a rule for {@code lm_head} says otherwise. */
    boolean head() default false;

    /** Modules that stay as they are; {@code *} stands for any characters. Each pattern must match a module. */
    String[] keep() default {};
}
