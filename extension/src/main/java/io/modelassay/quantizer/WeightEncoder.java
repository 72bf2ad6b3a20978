package io.modelassay.quantizer;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Methods that need no inputs: one weight at a time is quantized and handed on, and nothing else is in memory. */
final class WeightEncoder implements QuantizedParts, AutoCloseable {
    private static final EnumSet<Method> METHODS =
            EnumSet.of(Method.RTN, Method.NF4, Method.FP4, Method.LLM_INT8, Method.FP8);

    /** Of float32. */
    private static final long COMPUTE_TYPE = 6;

    private final Checkpoint source;
    private final Map<String, TensorInfo> weights;
    private final Codec codec;
    private final Kernels kernels;
    private final Progress progress;
    private final List<ModuleReport> reports = new ArrayList<>();

    /**
     * Will encode {@code weights} of {@code source}.
     *
     * @param weights by the name of their module
     */
    WeightEncoder(
            Checkpoint source,
            Map<String, TensorInfo> weights,
            Quantization quantization,
            TorchEngine engine,
            Progress progress) {
        this.source = source;
        this.weights = weights;
        this.codec = codec(quantization);
        this.kernels = Kernels.compile(
                engine,
                Codec.class,
                Stream.concat(codec.kernels().stream(), Stream.of("weight_error.py"))
                        .toList());
        this.progress = progress;
    }

    /** Whether {@code method} needs no inputs. */
    static boolean handles(Method method) {
        return METHODS.contains(method);
    }

    /** Integer grids are fitted to the scales as they are stored, in float16. */
    static Codec codec(Quantization quantization) {
        Codec codec = quantization.codec();
        return quantization.method() == Method.RTN
                ? new Codec(List.of("uniform.py", "grid_codec.py"), codec.options())
                : codec;
    }

    @Override
    public void into(Receiver receiver) {
        reports.clear();
        weights.forEach((module, weight) -> {
            encode(module, weight, receiver);
            progress.step("quantizing modules", reports.size(), weights.size());
        });
    }

    private void encode(String module, TensorInfo weight, Receiver receiver) {
        try (Tensor stored = kernels.stored(weight.name(), weight.type(), weight.shape(), source.map(weight));
                Tensor full = kernels.call("convert", stored, COMPUTE_TYPE)) {
            Map<String, Tensor> parts = kernels.callMap("encode", full, codec.options());
            try (Tensor decoded = kernels.call("decode", parts, codec.options());
                    Tensor error = kernels.call("relative_error", full, decoded)) {
                double share = kernels.floats(error)[0];
                if (!Double.isFinite(share)) {
                    throw new QuantizerException(
                            module,
                            "its weights are not finite, or too large for the type of the scales",
                            "scan, which counts NaN and infinity in every tensor");
                }
                reports.add(new ModuleReport(module, 0, 0, share, 0, 0, ""));
                receiver.module(module, parts);
            } finally {
                parts.values().forEach(Tensor::close);
            }
        }
    }

    /** How the modules went that were encoded last. */
    List<ModuleReport> reports() {
        return List.copyOf(reports);
    }

    @Override
    public void close() {
        kernels.close();
    }
}
