package io.modelassay.runtime;


import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * How fast stored quantized weights are decoded to bfloat16: the median over runs, in milliseconds and in GB/s of bfloat16.
 *
 * <p>Usage: {@code DecodeBenchmark FOLDER RUNS}
 */
public final class DecodeBenchmark {
    private DecodeBenchmark() {}

    public static void main(String[] arguments) {
        int runs = Integer.parseInt(arguments[1]);
        TorchEngine engine = TorchEngine.on(Device.CPU);
        try (Checkpoint checkpoint = Checkpoint.open(Path.of(arguments[0]));
                WeightDecoder decoder = new WeightDecoder(checkpoint, engine)) {
            StoredQuantization stored = StoredQuantization.of(checkpoint, Optional.empty());
            System.out.println(engine.version() + ", " + engine.threads() + " threads");
            for (PackedWeight weight : stored.weights().values()) {
                double[] milliseconds = new double[runs];
                for (int run = -5; run < runs; run++) {
                    long start = System.nanoTime();
                    try (Tensor decoded = decoder.decode(weight, DType.BF16)) {
                        decoded.shape();
                    }
                    if (run >= 0) {
                        milliseconds[run] = (System.nanoTime() - start) / 1e6;
                    }
                }
                Arrays.sort(milliseconds);
                double median = milliseconds[runs / 2];
                System.out.printf(
                        Locale.ROOT,
                        "%s %s %s: %.2f ms, %.3f GB/s%n",
                        weight.module(),
                        weight.format(),
                        weight.shape(),
                        median,
                        weight.shape().elementCount() * 2 / median / 1e6);
            }
        }
    }
}
