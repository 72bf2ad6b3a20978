package io.modelassay.quantizer;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ShardedSafetensorsWriter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.conversion.ConfigDType;
import io.modelassay.conversion.OutputFolder;
import io.modelassay.quantization.Codec;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.StagedDecoder;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.TypeConversion;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/**
 * SmoothQuant (Xiao et al., 2023): a checkpoint that computes the same, whose activations have fewer outliers, for
 * whatever quantizes it next. Each norm is divided, and the linear modules that take its output are multiplied, by one
 * factor a channel: {@code range^alpha / (2 max|w|)^(1 - alpha)}. Written in float32, since the products have more digits
 * than bf16 keeps.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class SmoothQuant {
    /** The paper's: half of the difficulty moves from the activations into the weights. */
    public static final double DEFAULT_ALPHA = 0.5;

    /** Of hidden states between two layers; what is more goes to a temporary file. */
    private static final long MEMORY = 1L << 30;

    private final Checkpoint source;
    private final Calibration calibration;
    private double alpha = DEFAULT_ALPHA;
    private Device device = Device.AUTO;
    private DType dtype = DType.AUTO;
    private Progress progress = Progress.SILENT;

    private SmoothQuant(Checkpoint source, Calibration calibration) {
        this.source = source;
        this.calibration = calibration;
    }

    /** Smooths {@code source} for activations like those of {@code calibration}. */
    public static SmoothQuant of(Checkpoint source, Calibration calibration) {
        calibration.requireTokens();
        return new SmoothQuant(source, calibration);
    }

    /**
     * The share of the difficulty that moves into the weights.
     *
     * @throws IllegalArgumentException unless it is from 0 to 1
     */
    public SmoothQuant alpha(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("SmoothQuant's alpha is from 0 to 1, not " + share);
        }
        this.alpha = share;
        return this;
    }

    /** The device that computes. */
    public SmoothQuant on(Device other) {
        this.device = other;
        return this;
    }

    /** The compute type of the forward pass; {@link DType#AUTO} takes the checkpoint's. */
    public SmoothQuant computingIn(DType other) {
        this.dtype = other;
        return this;
    }

    /** Told how far it has come. */
    public SmoothQuant reporting(Progress other) {
        this.progress = other;
        return this;
    }

    /**
     * What was written.
     *
     * @param files names of the files, sorted
     * @param scales by the norm's parameter, what each channel was divided by
     */
    @API(status = API.Status.EXPERIMENTAL)
    public record Result(List<String> files, Map<String, float[]> scales) {}

    /**
     * Smooths and writes.
     *
     * @param out a folder that does not exist yet, or is empty; it appears complete or not at all
     * @throws QuantizerException if activations are not finite
     */
    public Result into(Path out) {
        OutputFolder target = OutputFolder.at(out);
        TorchEngine engine = TorchEngine.on(device);
        try (Kernels kernels = Kernels.compile(engine, Codec.class, List.of("channel_scales.py", "smoothing.py"))) {
            Factors factors = new Factors(new HashMap<>(), new HashMap<>());
            collect(engine, kernels, factors);
            List<String> files = target.write(source, folder -> {
                tensors(folder, engine, kernels, factors);
                for (String name : List.of("config.json", "generation_config.json")) {
                    if (source.companionFile(name).isPresent()) {
                        Path config = source.companionFile(name).get();
                        ConfigDType.rewrite(config, folder.resolve(name), DType.FP32, name.equals("config.json"));
                    }
                }
            });
            return new Result(files, factors.dividing);
        }
    }

    /** Factors by parameter: norms are divided by theirs, the columns of linear weights multiplied. */
    private record Factors(Map<String, float[]> dividing, Map<String, float[]> multiplying) {}

    private void collect(TorchEngine engine, Kernels kernels, Factors factors) {
        ModelPlan model = Architectures.require(source);
        DType compute = dtype.resolve(source.config());
        StoredWeights weights = new StoredWeights(source, model, Kernels.conversions(engine));
        new StagedDecoder(engine, model, weights, compute)
                .run(
                        calibration.windows(),
                        MEMORY,
                        stage -> {
                            // A stage that begins a block takes a norm's output.
                            if (stage.following().isPresent()) {
                                float[] scales = scales(stage, kernels);
                                factors.dividing.put(stage.producer() + ".weight", scales);
                                stage.modules().forEach(module -> factors.multiplying.put(module + ".weight", scales));
                            }
                        },
                        progress);
    }

    private float[] scales(StagedDecoder.Stage stage, Kernels kernels) {
        List<Tensor> open = new ArrayList<>();
        try {
            stage.inputs((windows, input) -> {
                if (open.isEmpty()) {
                    open.add(kernels.call("no_range", input));
                }
                try (Tensor before = open.get(0)) {
                    open.set(0, kernels.call("with_range", before, input));
                }
            });
            List<Tensor> weights = new ArrayList<>();
            for (String module : stage.modules()) {
                weights.add(stage.weight(module));
                open.add(weights.get(weights.size() - 1));
            }
            try (Tensor scales = kernels.call("smoothing", open.get(0), weights, alpha)) {
                float[] values = kernels.floats(scales);
                for (float value : values) {
                    if (!Float.isFinite(value)) {
                        throw new QuantizerException(
                                stage.modules().get(0),
                                "its inputs over the calibration are not finite",
                                "diagnose, which names the first operation, token and channel");
                    }
                }
                return values;
            }
        } finally {
            open.forEach(Tensor::close);
        }
    }

    private void tensors(Path folder, TorchEngine engine, Kernels kernels, Factors factors) {
        TypeConversion conversion = new TypeConversion(engine, DType.FP32);
        ShardedSafetensorsWriter.Builder builder = ShardedSafetensorsWriter.to(folder);
        for (TensorInfo tensor : source.tensors().values()) {
            TensorType type = conversion.applies(tensor.type()) ? TensorType.F32 : tensor.type();
            builder.tensor(tensor.name(), type, tensor.shape());
        }
        try (ShardedSafetensorsWriter writer = builder.open()) {
            for (TensorInfo tensor : source.tensors().values()) {
                float[] dividing = factors.dividing.get(tensor.name());
                float[] multiplying = factors.multiplying.get(tensor.name());
                if (dividing != null) {
                    scaled("rows_unscaled", tensor, dividing, kernels, writer);
                } else if (multiplying != null) {
                    scaled("columns_scaled", tensor, multiplying, kernels, writer);
                } else {
                    conversion.convert(source, tensor, bytes -> writer.write(tensor.name(), bytes));
                }
            }
            writer.commit();
        }
    }

    private void scaled(
            String kernel, TensorInfo tensor, float[] scales, Kernels kernels, ShardedSafetensorsWriter writer) {
        try (Tensor stored = kernels.stored(tensor.name(), tensor.type(), tensor.shape(), source.map(tensor));
                Tensor weight = kernels.call("as_float32", stored);
                Tensor factors = kernels.engine().floats(scales);
                Tensor changed = kernels.call(kernel, weight, factors)) {
            writer.write(tensor.name(), kernels.bytes(changed));
        }
    }
}
