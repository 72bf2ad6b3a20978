package io.modelassay.runtime;

import io.modelassay.architecture.DecoderPlan;
import java.util.List;

/** What surrounds a layer for one padded batch: every window's own positions, and a mask that hides its padding. */
final class PaddedSurroundings extends LayerSurroundings {
    private final PaddedBatch batch;

    PaddedSurroundings(Kernels kernels, DecoderPlan plan, DType dtype, PaddedBatch batch) {
        super(kernels, plan, dtype);
        this.batch = batch;
    }

    @Override
    List<Tensor> rotaryTable(int positions) {
        List<Tensor> table = super.rotaryTable(positions);
        try (Tensor steps = perToken(batch.positions())) {
            return table.stream()
                    .map(rows -> kernels.call("at_positions", rows, steps))
                    .toList();
        } finally {
            table.forEach(Tensor::close);
        }
    }

    @Override
    Tensor newMask(int positions, int window, Tensor like) {
        try (Tensor tokens = perToken(batch.tokens());
                Tensor seen = seen(positions, window, like)) {
            return kernels.call("padding_mask", tokens, seen);
        }
    }

    private Tensor perToken(long[] values) {
        try (Tensor flat = kernels.engine().longs(values)) {
            return kernels.call("shaped", flat, new long[] {batch.prompts().size(), batch.length()});
        }
    }
}
