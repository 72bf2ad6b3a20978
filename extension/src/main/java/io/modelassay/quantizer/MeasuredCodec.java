package io.modelassay.quantizer;

import io.modelassay.quantization.Codec;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Encodes single weights by a method that needs no inputs, and tells what that loses. */
final class MeasuredCodec implements AutoCloseable {
    private final Codec codec;
    private final Kernels kernels;

    MeasuredCodec(Quantization quantization, TorchEngine engine) {
        this.codec = codec(quantization);
        this.kernels = Kernels.compile(
                engine,
                Codec.class,
                Stream.concat(codec.kernels().stream(), Stream.of("weight_error.py"))
                        .toList());
    }

    /** Integer grids are fitted to the scales as they are stored, in float16. */
    static Codec codec(Quantization quantization) {
        Codec codec = quantization.codec();
        return quantization.method() == Method.RTN
                ? new Codec(List.of("uniform.py", "grid_codec.py"), codec.options())
                : codec;
    }

    /**
     * A weight as it is stored.
     *
     * @param parts codes, scales, …
     * @param error squared error of the decoded weight as a share of the squared weight
     */
    record Encoded(Map<String, Tensor> parts, double error) implements AutoCloseable {
        @Override
        public void close() {
            parts.values().forEach(Tensor::close);
        }
    }

    /** Encodes the float32 weight {@code full}, {@code [out, in]}. */
    Encoded encode(Tensor full) {
        Map<String, Tensor> parts = kernels.callMap("encode", full, codec.options());
        try (Tensor decoded = kernels.call("decode", parts, codec.options());
                Tensor error = kernels.call("relative_error", full, decoded)) {
            return new Encoded(parts, kernels.floats(error)[0]);
        } catch (RuntimeException e) {
            parts.values().forEach(Tensor::close);
            throw e;
        }
    }

    @Override
    public void close() {
        kernels.close();
    }
}
