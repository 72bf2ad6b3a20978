package io.modelassay.diagnosis;

import io.modelassay.architecture.Parameter;
import io.modelassay.diagnosis.WeightRange.Groups;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.Weights;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Measures weights, one at a time. */
final class WeightRanges {
    /** Group sizes that are measured. */
    static final List<Integer> SIZES = List.of(16, 32, 64, 128, 256, 512, 1024, 2048, 4096, Setting.PER_CHANNEL);

    private static final int[] BITS = {2, 3, 4, 8};

    private final Weights weights;
    private final Kernels kernels;

    WeightRanges(Weights weights, Kernels kernels) {
        this.weights = weights;
        this.kernels = kernels;
    }

    List<WeightRange> of(List<Parameter> parameters) {
        List<WeightRange> ranges = new ArrayList<>();
        for (Parameter parameter : parameters) {
            try (Tensor weight = weights.load(parameter, DType.FP32)) {
                ranges.add(of(parameter, weight));
            }
        }
        return ranges;
    }

    private WeightRange of(Parameter parameter, Tensor weight) {
        Map<Integer, Groups> groups = new LinkedHashMap<>();
        SIZES.forEach(size -> groups.put(size, groups(weight, size)));
        try (Tensor figures = kernels.call("weight_figures", weight);
                Tensor zero = kernels.call("zero_columns", weight)) {
            double[] values = kernels.doubles(figures);
            long[] flags = kernels.longs(zero);
            BitSet columns = new BitSet();
            for (int i = 0; i < flags.length; i++) {
                columns.set(i, flags[i] == 1);
            }
            return new WeightRange(
                    parameter.module(),
                    Math.toIntExact(parameter.shape().dimension(0)),
                    flags.length,
                    values[0],
                    (long) values[1],
                    (long) values[2],
                    columns,
                    groups);
        }
    }

    private Groups groups(Tensor weight, int size) {
        try (Tensor figures = kernels.call("group_figures", weight, size)) {
            long[] counts = kernels.longs(figures);
            Map<Integer, Long> vanishing = new LinkedHashMap<>();
            for (int i = 0; i < BITS.length; i++) {
                vanishing.put(BITS[i], counts[3 + i]);
            }
            return new Groups(counts[0], counts[1], counts[2], vanishing);
        }
    }
}
