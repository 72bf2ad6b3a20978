package io.modelassay.quantizer;

import io.modelassay.quantization.AwqSettings;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.StagedDecoder;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The search for the scales of one stage's input channels: of several ratios the one whose rounded weights change the
 * output least. The modules of a stage that begins a block are judged by what the block computes, a module that ends one
 * by its own output, whose error the Hessian of its inputs gives without the inputs.
 */
final class AwqSearch implements AutoCloseable {
    /** Of float32, in which the search computes grids. */
    private static final long SEARCH_TYPE = 6;

    private final Kernels kernels;
    private final Quantization quantization;

    AwqSearch(Quantization quantization, TorchEngine engine) {
        this.kernels = Kernels.compile(
                engine, Codec.class, List.of("uniform.py", "gptq_solver.py", "channel_scales.py", "awq_search.py"));
        this.quantization = quantization;
    }

    Kernels kernels() {
        return kernels;
    }

    /**
     * What a stage's inputs over the calibration amount to.
     *
     * @param magnitude mean of |x| for each channel
     * @param hessian two times the mean of x'x
     * @param tokens rows of input
     */
    record Inputs(Tensor magnitude, Tensor hessian, long tokens) implements AutoCloseable {
        @Override
        public void close() {
            magnitude.close();
            hessian.close();
        }
    }

    /**
     * Scales that a search has found.
     *
     * @param ratio the ratio they come from
     * @param scales one for each input channel
     * @param losses mean squared error of the output at each ratio; an estimate where a ratio gave up; NaN if not finite
     */
    record Found(double ratio, Tensor scales, List<Double> losses) {
        double loss() {
            return losses.stream()
                    .mapToDouble(Double::doubleValue)
                    .filter(Double::isFinite)
                    .min()
                    .orElseThrow();
        }
    }

    /** Collects the inputs of {@code stage}; the caller closes the result. */
    Inputs inputs(StagedDecoder.Stage stage) {
        List<Tensor> sums = new ArrayList<>();
        long[] tokens = {0};
        try {
            stage.inputs((windows, input) -> {
                if (sums.isEmpty()) {
                    sums.add(kernels.call("no_magnitudes", input));
                    sums.add(kernels.call("no_inputs", input));
                }
                tokens[0] += input.elements() / input.shape().dimension(2);
                kernels.call("add_magnitudes", sums.get(0), input).close();
                kernels.call("add_inputs", sums.get(1), input).close();
            });
            return new Inputs(
                    kernels.call("mean_magnitude", sums.get(0), tokens[0]),
                    kernels.call("completed", sums.get(1), tokens[0]),
                    tokens[0]);
        } finally {
            sums.forEach(Tensor::close);
        }
    }

    /** The best scales for {@code weights}, by module, or null where no ratio has a finite loss. */
    @Nullable
    Found search(StagedDecoder.Stage stage, Inputs inputs, Map<String, Tensor> weights) {
        if (stage.following().isEmpty()) {
            return best(inputs, weights, candidates -> {
                double loss = 0;
                for (Map.Entry<String, Tensor> candidate : candidates.entrySet()) {
                    Tensor weight = Objects.requireNonNull(weights.get(candidate.getKey()));
                    try (Tensor part = kernels.call("output_loss", weight, candidate.getValue(), inputs.hessian())) {
                        loss += kernels.doubles(part)[0];
                    }
                }
                return loss;
            });
        }
        try (CandidateComparison candidates = new CandidateComparison(kernels, stage)) {
            return best(inputs, weights, candidates::run);
        }
    }

    private @Nullable Found best(
            Inputs inputs, Map<String, Tensor> weights, ToDoubleFunction<Map<String, Tensor>> loss) {
        AwqSettings settings = quantization.awqSettings();
        List<Double> losses = new ArrayList<>();
        int winner = -1;
        try (Tensor magnitude = kernels.call("weight_magnitude", List.copyOf(weights.values()), options())) {
            for (int step = 0; step < settings.grid(); step++) {
                try (Tensor scales = scales(inputs, magnitude, step)) {
                    losses.add(isFinite(scales) ? loss(weights, scales, loss) : Double.NaN);
                }
                double last = losses.get(step);
                if (Double.isFinite(last) && (winner < 0 || last < losses.get(winner))) {
                    winner = step;
                }
            }
            return winner < 0
                    ? null
                    : new Found((double) winner / settings.grid(), scales(inputs, magnitude, winner), losses);
        }
    }

    private Tensor scales(Inputs inputs, Tensor magnitude, int step) {
        AwqSettings settings = quantization.awqSettings();
        return kernels.call(
                "scales_of",
                inputs.magnitude(),
                magnitude,
                (double) step / settings.grid(),
                settings.duoScaling() ? 1L : 0L);
    }

    private double loss(Map<String, Tensor> weights, Tensor scales, ToDoubleFunction<Map<String, Tensor>> loss) {
        Map<String, Tensor> candidates = new HashMap<>();
        try {
            weights.forEach(
                    (module, weight) -> candidates.put(module, kernels.call("candidate", weight, scales, options())));
            return loss.applyAsDouble(candidates);
        } finally {
            candidates.values().forEach(Tensor::close);
        }
    }

    boolean isFinite(Tensor tensor) {
        try (Tensor finite = kernels.call("all_finite", tensor)) {
            return kernels.floats(finite)[0] != 0;
        }
    }

    private Map<String, Long> options() {
        return options(SEARCH_TYPE);
    }

    /** What the kernels read by name, with grids whose scales are values of {@code type}. */
    Map<String, Long> options(long type) {
        return Map.of(
                "bits",
                (long) quantization.bits(),
                "group",
                (long) quantization.groupSize(),
                "symmetric",
                quantization.symmetric() ? 1L : 0L,
                "type",
                type);
    }

    @Override
    public void close() {
        kernels.close();
    }
}
