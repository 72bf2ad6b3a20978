package io.modelassay.diagnosis;

import io.modelassay.diagnosis.WeightRange.Groups;
import io.modelassay.quantization.ToolArithmetic.Trait;
import io.modelassay.runtime.DType;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** What weights, and the inputs that meet them, make fail. */
final class WeightCauses {
    private static final String NEWER = "AutoAWQ 0.2.6 or newer, which has an epsilon in this denominator";

    private final Map<String, WeightRange> weights;
    private final List<Cause> causes = new ArrayList<>();

    private WeightCauses(Map<String, WeightRange> weights) {
        this.weights = weights;
    }

    static List<Cause> of(Map<String, WeightRange> weights, Map<String, InputSums> inputs, long tokens) {
        WeightCauses found = new WeightCauses(weights);
        weights.values().forEach(found::weight);
        inputs.forEach((operation, sums) -> found.input(operation, sums, tokens));
        return found.causes;
    }

    private void weight(WeightRange weight) {
        if (weight.overflows() > 0) {
            add(
                    "overflowing-weight",
                    weight.module(),
                    weight.overflows() + " weights are infinite in float16; the largest is " + number(weight.largest()),
                    "bf16 or fp32",
                    setting -> setting.dtype() == DType.FP16);
        }
        if (isScaledByAwq(weight)) {
            count(weight, Groups::zero)
                    .ifPresent(counts -> add(
                            "all-zero-group",
                            weight.module(),
                            "Groups of zeros: " + counts + ". |w| / max |w| of such a group is 0/0, NaN",
                            NEWER,
                            setting -> setting.procedure().has(Trait.NO_EPSILON)
                                    && weight.groups(setting.groupSize()).zero() > 0));
        }
        ragged(weight);
        count(weight, groups -> groups.vanishingScales().getOrDefault(8, 0L))
                .ifPresent(counts -> add(
                        "underflowing-group",
                        weight.module(),
                        "Groups whose 8-bit scale 2 max |w| / 255 is 0 in float16: " + counts + "; at 4 bits: "
                                + count(
                                                weight,
                                                groups ->
                                                        groups.vanishingScales().getOrDefault(4, 0L))
                                        .orElse("none")
                                + "; wholly 0 in float16: "
                                + count(weight, Groups::lost).orElse("none"),
                        "round to nearest in fp32 or bf16, whose scales can hold it; AutoAWQ 0.2.6 or newer; fewer bits or"
                                + " larger groups where those are not counted",
                        setting -> underflows(weight, setting)));
    }

    private static boolean underflows(WeightRange weight, Setting setting) {
        Groups groups = weight.groups(setting.groupSize());
        boolean scale = groups.vanishingScales().getOrDefault(setting.bits(), 0L) > 0;
        Procedure procedure = setting.procedure();
        boolean half = setting.dtype() == DType.FP16;
        return (procedure.has(Trait.SCALES_IN_FLOAT16) && scale)
                || (procedure.has(Trait.SCALES_IN_COMPUTE_TYPE) && half && scale)
                || (procedure.has(Trait.NO_EPSILON) && half && groups.lost() > 0);
    }

    private void ragged(WeightRange weight) {
        List<Integer> sizes = Procedure.wholeGroupSizes().stream()
                .filter(size -> weight.columns() % size != 0)
                .toList();
        if (!sizes.isEmpty()) {
            add(
                    "indivisible-group",
                    weight.module(),
                    "Its " + weight.columns() + " input channels are no multiple of "
                            + sizes.stream().map(String::valueOf).collect(Collectors.joining(", "))
                            + ", which AutoAWQ asserts",
                    "a group size that divides them, padding before quantization, or GPTQ",
                    setting ->
                            setting.procedure().has(Trait.WHOLE_GROUPS) && weight.columns() % setting.groupSize() != 0);
        }
    }

    /** AutoAWQ searches scales for every linear module, but for o_proj where heads are shared. */
    private boolean isScaledByAwq(WeightRange weight) {
        if (!weight.module().endsWith(".o_proj")) {
            return true;
        }
        WeightRange value = weights.get(weight.module().replaceFirst("o_proj$", "v_proj"));
        return value != null && value.rows() == weight.rows() && value.columns() == weight.columns();
    }

    private void input(String operation, InputSums sums, long tokens) {
        List<WeightRange> scaled = sums.modules().stream()
                .map(weights::get)
                .filter(weight -> weight != null && isScaledByAwq(weight))
                .toList();
        if (scaled.isEmpty()) {
            return;
        }
        double mean = sums.largest() / tokens;
        if (sums.largest() > OperationRange.HALF_MAX) {
            boolean overflows = mean > OperationRange.HALF_MAX;
            add(
                    "overflowing-activation-mean",
                    operation,
                    "|x| of channel " + sums.channel() + " has the mean " + number(mean) + " and the sum "
                            + number(sums.largest()) + " over " + tokens + " tokens; "
                            + (overflows
                                    ? "beyond 65504 the mean itself is infinite in float16"
                                    : "beyond 65504 a sum in float16 is infinite, but a GPU sums it in float32"),
                    "AutoAWQ 0.2.6 or newer, which sums in float32; or fewer calibration tokens",
                    setting -> overflows
                            && setting.procedure().has(Trait.MEANS_IN_COMPUTE_TYPE)
                            && setting.dtype() == DType.FP16);
        }
        BitSet zero = new BitSet();
        zero.set(0, scaled.get(0).columns());
        scaled.forEach(weight -> zero.and(weight.zeroColumns()));
        BitSet dead = (BitSet) zero.clone();
        dead.and(sums.dead());
        if (!zero.isEmpty()) {
            add(
                    "padded-dead-channel",
                    operation,
                    zero.cardinality() + " of " + scaled.get(0).columns() + " channels, the first " + zero.nextSetBit(0)
                            + ", meet weights of zeros only; " + dead.cardinality()
                            + " of them are never other than 0 themselves, as padding leaves them. Their mean weight 0 is"
                            + " a denominator",
                    NEWER,
                    setting -> setting.procedure().has(Trait.NO_EPSILON));
        }
    }

    private void add(String id, String subject, String message, String cure, Predicate<Setting> breaks) {
        causes.add(new Cause(id, subject, message, cure, breaks));
    }

    /** Such as {@code g32 8, g64 4}; empty where no searched group size has any. */
    private static Optional<String> count(WeightRange weight, ToLongFunction<Groups> figure) {
        String counts = Procedure.searchedGroupSizes().stream()
                .filter(size -> figure.applyAsLong(weight.groups(size)) > 0)
                .map(size -> figure.applyAsLong(weight.groups(size)) + " "
                        + (size == Setting.PER_CHANNEL ? "whole rows" : "of " + size))
                .collect(Collectors.joining(", "));
        return counts.isEmpty() ? Optional.empty() : Optional.of(counts);
    }

    static String number(double value) {
        return String.format(Locale.ROOT, "%.4g", value);
    }
}
