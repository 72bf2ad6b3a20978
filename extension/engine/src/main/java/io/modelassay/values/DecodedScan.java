package io.modelassay.values;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.UnsupportedArchitectureException;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.WeightDecoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * The values that a stored quantization decodes to, and what its scales and other small parts show to be wrong. Starts the
 * engine where there is something to decode, weight by weight.
 *
 * @param tensors what a scan saw in each decoded weight, in the type that its own library decodes to, sorted by name
 * @param findings what is wrong
 */
@API(status = API.Status.EXPERIMENTAL)
public record DecodedScan(List<TensorScan> tensors, List<Finding> findings) {
    /** Decodes and scans every quantized weight of {@code checkpoint}, on the CPU. */
    public static DecodedScan of(Checkpoint checkpoint, Progress progress) {
        return of(checkpoint, quantization(checkpoint), progress);
    }

    /** How the weights of {@code checkpoint} are stored, whose architecture may be unknown. */
    public static StoredQuantization quantization(Checkpoint checkpoint) {
        return StoredQuantization.of(checkpoint, plan(checkpoint));
    }

    /** The same of weights whose quantization has been read. */
    public static DecodedScan of(Checkpoint checkpoint, StoredQuantization quantization, Progress progress) {
        if (quantization.weights().isEmpty()) {
            return new DecodedScan(List.of(), List.of());
        }
        TorchEngine engine = TorchEngine.on(Device.CPU);
        return new DecodedScan(
                tensors(checkpoint, quantization, engine, progress),
                WeightSanity.ofParts(checkpoint, quantization, engine));
    }

    /** The plan of {@code checkpoint}; nothing where its architecture is not known. */
    static Optional<ModelPlan> plan(Checkpoint checkpoint) {
        try {
            return Architectures.find(checkpoint);
        } catch (UnsupportedArchitectureException e) {
            return Optional.empty();
        }
    }

    /** What a scan sees in each weight of {@code quantization}, decoded on {@code engine}. */
    public static List<TensorScan> tensors(
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
