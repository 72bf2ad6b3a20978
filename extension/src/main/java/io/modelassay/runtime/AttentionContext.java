package io.modelassay.runtime;

import io.modelassay.architecture.DecoderPlan;
import io.modelassay.architecture.RotaryEmbedding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a layer's kernels need beside hidden states and weights: rotary tables, masks, numbers. Made once a window length. */
final class AttentionContext implements AutoCloseable {
    private final Kernels kernels;
    private final DecoderPlan plan;
    private final DType dtype;
    private final Map<Integer, List<Tensor>> rotary = new HashMap<>();
    private final Map<List<Integer>, Tensor> masks = new HashMap<>();

    AttentionContext(Kernels kernels, DecoderPlan plan, DType dtype) {
        this.kernels = kernels;
        this.plan = plan;
        this.dtype = dtype;
    }

    /**
     * The arguments of a layer's kernel.
     *
     * @param layer index of the layer
     * @param positions length of every window
     * @param own what comes before them, usually hidden states and weights
     */
    Object[] arguments(int layer, int positions, Object... own) {
        List<Tensor> table = rotary.computeIfAbsent(positions, this::rotaryTable);
        List<Object> all = new ArrayList<>(Arrays.asList(own));
        all.add(table.get(0));
        all.add(table.get(1));
        all.add(mask(positions, plan.slidingWindows().get(layer)));
        all.add(plan.heads());
        all.add(plan.keyValueHeads());
        all.add(plan.normEpsilon());
        return all.toArray();
    }

    private List<Tensor> rotaryTable(int positions) {
        RotaryEmbedding.Table table = plan.rotary().table(positions);
        try (Tensor frequencies = kernels.engine().floats(table.inverseFrequencies())) {
            return kernels.callTuple("rotary_table", frequencies, positions, table.scaling(), dtype.scalarType());
        }
    }

    /** The sliding window's mask, or an empty one where the window holds all positions. */
    private Tensor mask(int positions, int window) {
        boolean acts = window > 0 && window < positions;
        return masks.computeIfAbsent(acts ? List.of(positions, window) : List.of(), key -> {
            if (!acts) {
                return kernels.engine().longs();
            }
            List<Tensor> like = rotary.computeIfAbsent(positions, this::rotaryTable);
            return kernels.call("sliding_mask", positions, window, like.get(0));
        });
    }

    @Override
    public void close() {
        rotary.values().forEach(table -> table.forEach(Tensor::close));
        masks.values().forEach(Tensor::close);
    }
}
