package io.modelassay.quantizer;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
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

/** Methods that need no inputs: one weight at a time is quantized and handed on, and nothing else is in memory. */
final class WeightEncoder implements QuantizedParts, AutoCloseable {
    private static final EnumSet<Method> METHODS =
            EnumSet.of(Method.RTN, Method.NF4, Method.FP4, Method.LLM_INT8, Method.FP8);

    /** Of float32. */
    private static final long COMPUTE_TYPE = 6;

    private final Checkpoint source;
    private final Map<String, TensorInfo> weights;
    private final Kernels conversions;
    private final MeasuredCodec codec;
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
        this.conversions = Kernels.conversions(engine);
        this.codec = new MeasuredCodec(quantization, engine);
        this.progress = progress;
    }

    /** Whether {@code method} needs no inputs. */
    static boolean handles(Method method) {
        return METHODS.contains(method);
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
        try (Tensor stored = conversions.stored(weight.name(), weight.type(), weight.shape(), source.map(weight));
                Tensor full = conversions.call("convert", stored, COMPUTE_TYPE);
                MeasuredCodec.Encoded encoded = codec.encode(full)) {
            if (!Double.isFinite(encoded.error())) {
                throw new QuantizerException(
                        module,
                        "its weights are not finite, or too large for the type of the scales",
                        "scan, which counts NaN and infinity in every tensor");
            }
            reports.add(new ModuleReport(module, 0, 0, encoded.error(), 0, 0, ""));
            receiver.module(module, encoded.parts());
        }
    }

    /** How the modules went that were encoded last. */
    List<ModuleReport> reports() {
        return List.copyOf(reports);
    }

    @Override
    public void close() {
        codec.close();
    }
}
