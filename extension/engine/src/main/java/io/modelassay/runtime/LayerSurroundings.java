package io.modelassay.runtime;

import io.modelassay.architecture.DecoderPlan;
import io.modelassay.architecture.RotaryEmbedding;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a layer's kernel takes beside its input and its tensors: rotary tables and masks, made once, and sizes. */
class LayerSurroundings implements AutoCloseable {
    final Kernels kernels;
    private final DecoderPlan plan;
    private final DType dtype;
    private final Map<Integer, List<Tensor>> rotary = new HashMap<>();
    private final Map<List<Integer>, Tensor> masks = new HashMap<>();

    LayerSurroundings(Kernels kernels, DecoderPlan plan, DType dtype) {
        this.kernels = kernels;
        this.plan = plan;
        this.dtype = dtype;
    }

    /** Arguments of layer {@code index} for windows of {@code positions}: hidden states, tensors, and the rest. */
    Object[] arguments(int index, Tensor hidden, int positions, Map<String, Tensor> layer) {
        List<Tensor> table = rotary.computeIfAbsent(positions, this::rotaryTable);
        return new Object[] {
            hidden,
            layer,
            table.get(0),
            table.get(1),
            mask(positions, plan.slidingWindows().get(index), hidden),
            plan.heads(),
            plan.keyValueHeads(),
            plan.normEpsilon()
        };
    }

    List<Tensor> rotaryTable(int positions) {
        RotaryEmbedding.Table table = plan.rotary().table(positions);
        try (Tensor frequencies = kernels.engine().floats(table.inverseFrequencies())) {
            return kernels.callTuple("rotary_table", frequencies, positions, table.scaling(), dtype.scalarType());
        }
    }

    /** What the positions of a window see, or an empty tensor where each sees itself and all before it. */
    private Tensor mask(int positions, int window, Tensor like) {
        boolean acts = window > 0 && window < positions;
        return masks.computeIfAbsent(
                acts ? List.of(positions, window) : List.of(positions),
                key -> newMask(positions, acts ? window : positions, like));
    }

    Tensor newMask(int positions, int window, Tensor like) {
        return plan.causal() && window >= positions ? kernels.engine().longs() : seen(positions, window, like);
    }

    /** What the positions of a window see, {@code [positions, positions]}. */
    final Tensor seen(int positions, int window, Tensor like) {
        return kernels.call(plan.causal() ? "sliding_mask" : "open_mask", positions, window, like);
    }

    @Override
    public void close() {
        rotary.values().forEach(table -> table.forEach(Tensor::close));
        masks.values().forEach(Tensor::close);
    }
}
