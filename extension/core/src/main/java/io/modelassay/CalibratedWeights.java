package io.modelassay;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.conversion.OutputFolder;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.quantizer.Calibration;
import io.modelassay.quantizer.ModelQuantizer;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.DecodedWeights;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Weights after a quantization that looks at what flows through the model: the artifact is written, as it would be
 * published, into a temporary folder, and read from there.
 */
final class CalibratedWeights implements Weights {
    private final Path folder;
    private final Checkpoint artifact;
    private final DecodedWeights weights;

    CalibratedWeights(
            Checkpoint source, Quantization quantization, Calibration calibration, DType dtype, TorchEngine engine) {
        try {
            folder = Files.createTempDirectory("modelassay-quantized");
        } catch (IOException e) {
            throw new UncheckedIOException("No temporary folder can be made", e);
        }
        try {
            Path out = folder.resolve("artifact");
            ModelQuantizer.of(source, quantization, calibration)
                    .on(engine.device())
                    .computingIn(dtype)
                    .into(out);
            artifact = Checkpoint.open(out);
            ModelPlan plan = Architectures.require(artifact);
            weights = new DecodedWeights(
                    new StoredWeights(artifact, plan, Kernels.conversions(engine)),
                    artifact,
                    StoredQuantization.of(artifact, Optional.of(plan)),
                    engine);
        } catch (RuntimeException e) {
            OutputFolder.remove(folder);
            throw e;
        }
    }

    @Override
    public Tensor load(Parameter parameter, DType dtype) {
        return weights.load(parameter, dtype);
    }

    @Override
    public Tensor rows(Parameter table, long first, long count, DType dtype) {
        return weights.rows(table, first, count, dtype);
    }

    @Override
    public Tensor gather(Parameter table, int[] ids, DType dtype) {
        return weights.gather(table, ids, dtype);
    }

    @Override
    public void prefetch(Parameter parameter) {
        weights.prefetch(parameter);
    }

    @Override
    public void close() {
        weights.close();
        artifact.close();
        OutputFolder.remove(folder);
    }
}
