package io.modelassay.quantizer;

import io.modelassay.quantization.Codec;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.util.Map;
import java.util.stream.Stream;

/** Encodes single weights by a method that needs no inputs, and tells what that loses. */
final class MeasuredCodec implements AutoCloseable {
    private final Kernels kernels;

    /** For {@code quantization}, and others of its method. */
    MeasuredCodec(Quantization quantization, TorchEngine engine) {
        this.kernels = Kernels.compile(
                engine,
                Codec.class,
                Stream.concat(quantization.storedCodec().kernels().stream(), Stream.of("weight_error.py"))
                        .toList());
    }

    /**
     * Rows of a weight as they are stored.
     *
     * @param parts codes, scales, …
     * @param squaredError sum of the squared errors of the decoded values
     * @param squares sum of the squared values
     */
    record Encoded(Map<String, Tensor> parts, double squaredError, double squares) implements AutoCloseable {
        /** Squared error as a share of the squares; not finite where a value or a scale is not. */
        double error() {
            return share(squaredError, squares);
        }

        @Override
        public void close() {
            parts.values().forEach(Tensor::close);
        }
    }

    static double share(double squaredError, double squares) {
        return squaredError / Math.max(squares, 1e-30);
    }

    /** Encodes rows of a float32 weight, {@code [rows, in]}, under {@code settings}. */
    Encoded encode(Tensor full, Quantization settings) {
        Codec codec = settings.storedCodec();
        Map<String, Tensor> parts = kernels.callMap("encode", full, codec.options());
        try (Tensor decoded = kernels.call("decode", parts, codec.options());
                Tensor sums = kernels.call("squares", full, decoded)) {
            float[] both = kernels.floats(sums);
            return new Encoded(parts, both[0], both[1]);
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
