package io.modelassay.runtime;

import io.modelassay.architecture.Parameter;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.QuantizationPlan;
import java.util.Map;
import org.apiguardian.api.API;

/** Weights after a quantization: each quantized module's weight is encoded and decoded again, in float32. */
@API(status = API.Status.INTERNAL)
public final class QuantizedWeights implements Weights {
    private final Weights full;
    private final QuantizationPlan plan;
    private final Kernels kernels;

    /** Quantizes {@code full} on {@code engine}; owns {@code full}. */
    public QuantizedWeights(Weights full, QuantizationPlan plan, TorchEngine engine) {
        this.full = full;
        this.plan = plan;
        this.kernels =
                Kernels.compile(engine, Codec.class, plan.quantization().codec().kernels());
    }

    @Override
    public Tensor load(Parameter parameter, DType dtype) {
        return plan.settings(parameter)
                .map(settings -> {
                    try (Tensor weight = full.load(parameter, DType.FP32)) {
                        return restored(weight, settings.codec(), dtype);
                    }
                })
                .orElseGet(() -> full.load(parameter, dtype));
    }

    private Tensor restored(Tensor weight, Codec codec, DType dtype) {
        Map<String, Tensor> parts = kernels.callMap("encode", weight, codec.options());
        try (Tensor decoded = kernels.call("decode", parts, codec.options())) {
            return kernels.call("convert", decoded, dtype.scalarType());
        } finally {
            parts.values().forEach(Tensor::close);
        }
    }

    /** The named parts (codes, scales, …) that {@code parameter} is stored as; the caller closes them. */
    public Map<String, Tensor> encode(Parameter parameter) {
        Codec codec = plan.settings(parameter).orElseThrow().codec();
        try (Tensor weight = full.load(parameter, DType.FP32)) {
            return kernels.callMap("encode", weight, codec.options());
        }
    }

    @Override
    public Tensor rows(Parameter table, long first, long count, DType dtype) {
        return plan.settings(table)
                .map(settings -> {
                    try (Tensor rows = full.rows(table, first, count, DType.FP32)) {
                        return restored(rows, settings.codec(), dtype);
                    }
                })
                .orElseGet(() -> full.rows(table, first, count, dtype));
    }

    @Override
    public Tensor gather(Parameter table, int[] ids, DType dtype) {
        return full.gather(table, ids, dtype);
    }

    @Override
    public void prefetch(Parameter parameter) {
        full.prefetch(parameter);
    }

    @Override
    public void close() {
        kernels.close();
        full.close();
    }
}
