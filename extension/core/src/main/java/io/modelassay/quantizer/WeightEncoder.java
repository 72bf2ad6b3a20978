package io.modelassay.quantizer;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Methods that need no inputs: one weight at a time is quantized and handed on, and nothing else is in memory. */
final class WeightEncoder implements QuantizedParts, AutoCloseable {
    /** Of float32. */
    private static final long COMPUTE_TYPE = 6;

    private final Checkpoint source;
    private final QuantizationPlan plan;
    private final Map<String, TensorInfo> weights;
    private final Kernels kernels;
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
            QuantizationPlan plan,
            Map<String, TensorInfo> weights,
            TorchEngine engine,
            Progress progress) {
        this.source = source;
        this.plan = plan;
        this.weights = weights;
        this.kernels = Kernels.compile(engine, Codec.class, List.of("row_blocks.py"));
        this.codec = new MeasuredCodec(plan.quantization(), engine);
        this.progress = progress;
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
        Quantization settings = plan.settings(module).orElseThrow();
        double[] squares = new double[2];
        // Blocks of 4-bit floating point go over the ends of rows.
        long values = settings.method().encodesSingleRows() ? RowBlocks.VALUES : Long.MAX_VALUE;
        Map<String, Tensor> parts = new RowBlocks(weight.shape(), values, kernels).parts((first, count) -> {
            try (Tensor full = rows(weight, first, count)) {
                MeasuredCodec.Encoded encoded = codec.encode(full, settings);
                squares[0] += encoded.squaredError();
                squares[1] += encoded.squares();
                return encoded.parts();
            }
        });
        try {
            double share = MeasuredCodec.share(squares[0], squares[1]);
            if (!Double.isFinite(share)) {
                throw new QuantizerException(
                        module,
                        "its weights are not finite, or too large for the type of the scales",
                        "scan, which counts NaN and infinity in every tensor");
            }
            reports.add(new ModuleReport(module, settings.bits(), settings.groupSize(), 0, 0, share, 0, 0, ""));
            receiver.module(module, parts);
        } finally {
            parts.values().forEach(Tensor::close);
        }
    }

    private Tensor rows(TensorInfo weight, long first, long count) {
        long rowBytes = weight.byteLength() / weight.shape().dimension(0);
        ByteBuffer bytes = source.map(weight, first * rowBytes, Math.toIntExact(count * rowBytes));
        Shape shape = Shape.of(count, weight.shape().dimension(1));
        try (Tensor stored = kernels.stored(weight.name(), weight.type(), shape, bytes)) {
            return kernels.call("convert", stored, COMPUTE_TYPE);
        }
    }

    /** How the modules went that were encoded last. */
    List<ModuleReport> reports() {
        return List.copyOf(reports);
    }

    @Override
    public void close() {
        codec.close();
        kernels.close();
    }
}
