package io.modelassay.quantizer;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

/**
 * How long GPTQ takes for one weight, int4 in groups of 128, over 16 batches of 512 tokens in float32: the medians over runs of
 * the Hessian's sum, and of ordering, inverting and solving. Beside {@code fixtures/generate/bench_gptq.py}.
 *
 * <p>Usage: {@code GptqBenchmark RUNS}
 */
public final class GptqBenchmark {
    private static final int[][] SHAPES = {{5632, 2048}, {2048, 5632}, {4864, 896}, {896, 4864}};
    private static final int BATCHES = 16;
    private static final int TOKENS = 512;

    private static final Quantization QUANTIZATION =
            Quantization.gptq(4, 128).with(GptqSettings.DEFAULT.order(GptqSettings.Order.NATURAL));

    private GptqBenchmark() {}

    public static void main(String[] arguments) {
        int runs = Integer.parseInt(arguments[0]);
        TorchEngine engine = TorchEngine.on(Device.CPU);
        System.out.println(engine.version() + ", " + engine.threads() + " threads");
        try (GptqSolver solver = new GptqSolver(DType.FP32.scalarType(), Set.of(), engine)) {
            once(engine, solver, 256, 256);
            measure(engine, solver, runs);
        }
    }

    private static void measure(TorchEngine engine, GptqSolver solver, int runs) {
        for (int[] shape : SHAPES) {
            double[] summing = new double[runs];
            double[] solving = new double[runs];
            for (int run = 0; run < runs; run++) {
                double[] seconds = once(engine, solver, shape[0], shape[1]);
                summing[run] = seconds[0];
                solving[run] = seconds[1];
            }
            Arrays.sort(summing);
            Arrays.sort(solving);
            System.out.printf(
                    Locale.ROOT,
                    "[%d, %d]: Hessian %.3f s, quantize %.3f s%n",
                    shape[0],
                    shape[1],
                    summing[runs / 2],
                    solving[runs / 2]);
        }
    }

    private static double[] once(TorchEngine engine, GptqSolver solver, int out, int in) {
        Random random = new Random(out);
        List<Tensor> batches = new ArrayList<>();
        for (int i = 0; i < BATCHES; i++) {
            batches.add(normal(engine, random, TOKENS, in, 1));
        }
        try (Tensor weight = normal(engine, random, out, in, 0.02);
                GptqSolver.Inputs inputs = solver.inputs()) {
            long start = System.nanoTime();
            batches.forEach(inputs::add);
            try (Tensor hessian = inputs.hessian()) {
                long summed = System.nanoTime();
                try (GptqSolver.Prepared prepared = solver.prepare("weight", QUANTIZATION, hessian, inputs.tokens())) {
                    GptqSolver.Solution solution = solver.solve(weight, prepared);
                    long solved = System.nanoTime();
                    solution.restored().close();
                    solution.parts().values().forEach(Tensor::close);
                    return new double[] {(summed - start) / 1e9, (solved - summed) / 1e9};
                }
            }
        } finally {
            batches.forEach(Tensor::close);
        }
    }

    private static Tensor normal(TorchEngine engine, Random random, int rows, int columns, double scale) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * rows * columns).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < rows * columns; i++) {
            bytes.putFloat(4 * i, (float) (random.nextGaussian() * scale));
        }
        return Kernels.conversions(engine).stored("random", TensorType.F32, Shape.of(rows, columns), bytes);
    }
}
