package io.modelassay.quantization;

import java.util.List;
import java.util.Set;
import org.apiguardian.api.API;

/**
 * The arithmetic of a quantization tool, as far as it decides whether NaN comes out of a model.
 *
 * @param id as documents and the command line name it, such as {@code gptq}
 * @param label for messages
 * @param bits the bits that a search tries
 * @param groupSizes the group sizes that a search tries
 * @param traits what it does that can fail
 */
@API(status = API.Status.EXPERIMENTAL)
public record ToolArithmetic(String id, String label, List<Integer> bits, List<Integer> groupSizes, Set<Trait> traits) {
    private static final List<Integer> ANY_BITS = List.of(2, 3, 4, 8);
    private static final List<Integer> ANY_GROUPS = List.of(32, 64, 128, Quantization.PER_CHANNEL);

    /** Round to nearest on an integer grid, scales stored in the compute type. */
    public static final ToolArithmetic ROUND_TO_NEAREST =
            new ToolArithmetic("rtn", "RTN", ANY_BITS, ANY_GROUPS, Set.of(Trait.SCALES_IN_COMPUTE_TYPE));

    /** Round to nearest with float32 scales. */
    public static final ToolArithmetic FLOAT_SCALES =
            new ToolArithmetic("float-scales", "NF4, FP4, LLM.int8 or FP8", List.of(4, 8), ANY_GROUPS, Set.of());

    /** Something in the arithmetic that a model's values can make fail. */
    @API(status = API.Status.EXPERIMENTAL)
    public enum Trait {
        /** The tool loads a model in float16, whatever type it is stored in, unless it is told otherwise. */
        LOADS_IN_FLOAT16,
        /** Scales are stored in float16, whatever type the tool computes in. */
        SCALES_IN_FLOAT16,
        /** Scales are stored in the type that the tool computes in. */
        SCALES_IN_COMPUTE_TYPE,
        /** Weights are divided by the largest of their group, and scales by a mean of weights, without an epsilon. */
        NO_EPSILON,
        /** Means of activations are summed in the type that the tool computes in. */
        MEANS_IN_COMPUTE_TYPE,
        /** The group size must divide the input channels. */
        WHOLE_GROUPS
    }

    /** Copies lists and set. */
    public ToolArithmetic {
        bits = List.copyOf(bits);
        groupSizes = List.copyOf(groupSizes);
        traits = Set.copyOf(traits);
    }

    /** Any bits and group sizes. */
    public static ToolArithmetic of(String id, String label, Trait... traits) {
        return new ToolArithmetic(id, label, ANY_BITS, ANY_GROUPS, Set.of(traits));
    }

    /** Whether it does {@code trait}. */
    public boolean has(Trait trait) {
        return traits.contains(trait);
    }

    /** Whether it can have these bits and groups. */
    public boolean fits(int withBits, int groupSize) {
        boolean grouped = has(Trait.WHOLE_GROUPS)
                ? groupSizes.contains(groupSize)
                : groupSize > 0 || groupSize == Quantization.PER_CHANNEL;
        return bits.contains(withBits) && grouped;
    }
}
