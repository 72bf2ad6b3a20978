package io.modelassay.truth;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.DecodedWeights;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.QuantizedWeights;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.Weights;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** A model put together from its parts, for tests that look between them. Runs on the CPU; nothing stays resident. */
public final class OpenModel implements AutoCloseable {
    private final Checkpoint checkpoint;
    private final LanguageModel language;

    private OpenModel(Checkpoint checkpoint, LanguageModel language) {
        this.checkpoint = checkpoint;
        this.language = language;
    }

    /** The checkpoint as it is stored, computing in {@code dtype}. */
    public static OpenModel stored(Path folder, DType dtype) {
        return wrapped(folder, dtype, weights -> weights);
    }

    /** The checkpoint as it is stored, its weights seen through {@code wrapper}. */
    public static OpenModel wrapped(Path folder, DType dtype, UnaryOperator<Weights> wrapper) {
        Checkpoint checkpoint = Checkpoint.open(folder);
        Weights stored = new StoredWeights(
                checkpoint, Architectures.require(checkpoint.config()), Kernels.conversions(engine()));
        return of(checkpoint, dtype, wrapper.apply(stored), checkpoint.contentHash());
    }

    /** The checkpoint as it is stored, decoded where it is quantized, computing in {@code dtype}. */
    public static OpenModel decoded(Path folder, DType dtype) {
        Checkpoint checkpoint = Checkpoint.open(folder);
        StoredQuantization packed = StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config()));
        Weights stored = new StoredWeights(
                checkpoint, Architectures.require(checkpoint.config()), Kernels.conversions(engine()));
        Weights decoded = new DecodedWeights(stored, checkpoint, packed, engine());
        return of(checkpoint, dtype, decoded, checkpoint.contentHash());
    }

    /** The checkpoint with {@code quantization} applied, computing in {@code dtype}. */
    public static OpenModel quantized(Path folder, DType dtype, Quantization quantization) {
        Checkpoint checkpoint = Checkpoint.open(folder);
        Weights stored = new StoredWeights(
                checkpoint, Architectures.require(checkpoint.config()), Kernels.conversions(engine()));
        QuantizationPlan plan = QuantizationPlan.of(quantization, Architectures.require(checkpoint.config()));
        Weights quantized = new QuantizedWeights(stored, plan, engine());
        return of(checkpoint, dtype, quantized, checkpoint.contentHash() + " as " + quantization);
    }

    private static OpenModel of(Checkpoint checkpoint, DType dtype, Weights weights, String identity) {
        ModelPlan plan = Architectures.require(checkpoint.config());
        return new OpenModel(checkpoint, new LanguageModel(engine(), plan, weights, dtype, identity, "model"));
    }

    /** The engine on the CPU. */
    public static TorchEngine engine() {
        return TorchEngine.on(Device.CPU);
    }

    /** What is on disk. */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /** What computes. */
    public LanguageModel language() {
        return language;
    }

    @Override
    public void close() {
        language.weights().close();
        checkpoint.close();
    }
}
