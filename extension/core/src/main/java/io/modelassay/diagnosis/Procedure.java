package io.modelassay.diagnosis;

import io.modelassay.failure.InvalidRequestException;
import io.modelassay.runtime.DType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/** A way to quantize, as far as its arithmetic decides whether NaN comes out. */
@API(status = API.Status.EXPERIMENTAL)
public enum Procedure {
    /** AutoAWQ 0.2.5 and older: no epsilon in its denominators, means of activations summed in the compute type. */
    AUTOAWQ_BEFORE_0_2_6("autoawq-before-0.2.6", "AutoAWQ before 0.2.6"),
    /** AutoAWQ 0.2.6 and newer. */
    AUTOAWQ("autoawq", "AutoAWQ from 0.2.6"),
    /** GPTQ, its scales stored in float16 whatever it computes in. */
    GPTQ("gptq", "GPTQ"),
    /** Round to nearest on an integer grid, scales stored in the compute type. */
    ROUND_TO_NEAREST("rtn", "RTN"),
    /** NF4, FP4, LLM.int8 and FP8: round to nearest with float32 scales. */
    FLOAT_SCALES("float-scales", "NF4, FP4, LLM.int8 or FP8");

    private final String id;
    private final String label;

    Procedure(String id, String label) {
        this.id = id;
        this.label = label;
    }

    /**
     * The procedure of that id.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Procedure named(String id) {
        return Arrays.stream(values())
                .filter(known -> known.id.equals(id))
                .findFirst()
                .orElseThrow(() -> new InvalidRequestException(
                        "There is no method " + id,
                        "one of " + Arrays.stream(values()).map(Procedure::id).collect(Collectors.joining(", "))));
    }

    /** As documents and the command line name it, such as {@code gptq}. */
    public String id() {
        return id;
    }

    /** For messages. */
    public String label() {
        return label;
    }

    /** The bits that a search tries. */
    public List<Integer> bits() {
        return switch (this) {
            case AUTOAWQ_BEFORE_0_2_6, AUTOAWQ -> List.of(4);
            case GPTQ, ROUND_TO_NEAREST -> List.of(2, 3, 4, 8);
            case FLOAT_SCALES -> List.of(4, 8);
        };
    }

    /** The group sizes that a search tries. */
    public List<Integer> groupSizes() {
        return isAutoAwq() ? List.of(32, 64, 128) : List.of(32, 64, 128, Setting.PER_CHANNEL);
    }

    /**
     * The type in which the tools of this procedure compute unless they are told otherwise: AutoAWQ and the GPTQ tools load
     * a model in float16 whatever type it is stored in; the others take the model's.
     *
     * @param model the model's own type
     */
    public DType computeType(DType model) {
        return isAutoAwq() || this == GPTQ ? DType.FP16 : model;
    }

    /** Whether this is a version of AutoAWQ. */
    public boolean isAutoAwq() {
        return this == AUTOAWQ_BEFORE_0_2_6 || this == AUTOAWQ;
    }
}
