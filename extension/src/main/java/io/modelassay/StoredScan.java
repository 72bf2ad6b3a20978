package io.modelassay;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.WeightDecoder;
import java.util.ArrayList;
import java.util.List;

/** The value scan of what a stored quantization decodes to, weight by weight. */
final class StoredScan {
    private StoredScan() {}

    static List<TensorScan> of(
            Checkpoint checkpoint, StoredQuantization quantization, TorchEngine engine, Progress progress) {
        List<TensorScan> scans = new ArrayList<>();
        try (WeightDecoder decoder = new WeightDecoder(checkpoint, engine)) {
            for (PackedWeight weight : quantization.weights().values()) {
                try (Tensor decoded = decoder.decode(weight)) {
                    scans.add(ValueScan.scan(
                            weight.parameter(),
                            weight.type(),
                            weight.shape(),
                            Kernels.conversions(engine).bytes(decoded)));
                }
                progress.step(
                        "decoding weights", scans.size(), quantization.weights().size());
            }
        }
        return scans;
    }
}
