package io.modelassay.diagnosis;

import io.modelassay.failure.InvalidRequestException;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationMethods;
import io.modelassay.quantization.ToolArithmetic.Trait;
import io.modelassay.quantization.ToolArithmetic;
import io.modelassay.runtime.DType;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * A way to quantize, as far as its arithmetic decides whether NaN comes out. Each method tells those of its tools; the
 * constants are names for some of them.
 *
 * @param arithmetic what the tool does
 */
@API(status = API.Status.EXPERIMENTAL)
public record Procedure(ToolArithmetic arithmetic) {
    /** AutoAWQ 0.2.5 and older: no epsilon in its denominators, means of activations summed in the compute type. */
    public static final Procedure AUTOAWQ_BEFORE_0_2_6 = named("autoawq-before-0.2.6");

    /** AutoAWQ 0.2.6 and newer. */
    public static final Procedure AUTOAWQ = named("autoawq");

    /** GPTQ, its scales stored in float16 whatever it computes in. */
    public static final Procedure GPTQ = named("gptq");

    /** Round to nearest on an integer grid, scales stored in the compute type. */
    public static final Procedure ROUND_TO_NEAREST = named("rtn");

    /** NF4, FP4, LLM.int8 and FP8: round to nearest with float32 scales. */
    public static final Procedure FLOAT_SCALES = named("float-scales");

    /** The procedures of all methods that are known, each once, in the order of the methods. */
    public static Procedure[] values() {
        return QuantizationMethods.all().stream()
                .flatMap(method -> method.arithmetics().stream())
                .distinct()
                .map(Procedure::new)
                .toArray(Procedure[]::new);
    }

    /**
     * The procedure of that id.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Procedure named(String id) {
        return Arrays.stream(values())
                .filter(known -> known.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new InvalidRequestException(
                        "There is no method " + id,
                        "one of " + Arrays.stream(values()).map(Procedure::id).collect(Collectors.joining(", "))));
    }

    /** What {@code quantization} comes to. */
    static Procedure of(Quantization quantization) {
        return new Procedure(quantization.method().arithmetic(quantization));
    }

    /** The group sizes that any procedure is searched with, ascending, whole channels last. */
    static List<Integer> searchedGroupSizes() {
        return groupSizes(procedure -> true);
    }

    /** Those that must divide the input channels under some procedure. */
    static List<Integer> wholeGroupSizes() {
        return groupSizes(procedure -> procedure.has(Trait.WHOLE_GROUPS));
    }

    private static List<Integer> groupSizes(Predicate<Procedure> which) {
        return Arrays.stream(values())
                .filter(which)
                .flatMap(procedure -> procedure.groupSizes().stream())
                .distinct()
                .sorted(Comparator.comparingInt(size -> size == Setting.PER_CHANNEL ? Integer.MAX_VALUE : size))
                .toList();
    }

    /** As documents and the command line name it, such as {@code gptq}. */
    public String id() {
        return arithmetic.id();
    }

    /** For messages. */
    public String label() {
        return arithmetic.label();
    }

    /** The bits that a search tries. */
    public List<Integer> bits() {
        return arithmetic.bits();
    }

    /** The group sizes that a search tries. */
    public List<Integer> groupSizes() {
        return arithmetic.groupSizes();
    }

    /**
     * The type in which the tools of this procedure compute unless they are told otherwise: AutoAWQ and the GPTQ tools load
     * a model in float16 whatever type it is stored in; the others take the model's.
     *
     * @param model the model's own type
     */
    public DType computeType(DType model) {
        return has(Trait.LOADS_IN_FLOAT16) ? DType.FP16 : model;
    }

    /** Whether its arithmetic does {@code trait}. */
    boolean has(Trait trait) {
        return arithmetic.has(trait);
    }
}
