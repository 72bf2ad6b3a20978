package io.modelassay.quantizer;

import io.modelassay.quantization.Codec;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * GPTQ (Frantar et al., 2022) of single weights: the squared error of the output is the one that the Hessian of the inputs
 * weighs, each channel's rounding error is made up for by the channels that follow.
 */
final class GptqSolver implements AutoCloseable {
    /** Floors that are tried under the diagonal, each ten times the one before. */
    private static final int FLOORS = 6;

    private final Kernels kernels;
    private final int scaleType;
    private final Set<Fallback> fallbacks;

    /** @param scaleType number of the type that scales are stored in */
    GptqSolver(int scaleType, Set<Fallback> fallbacks, TorchEngine engine) {
        this.kernels = Kernels.compile(engine, Codec.class, List.of("uniform.py", "gptq_solver.py"));
        this.scaleType = scaleType;
        this.fallbacks = fallbacks;
    }

    private Map<String, Long> options(Quantization quantization) {
        GptqSettings settings = quantization.gptqSettings();
        Map<String, Long> options = new HashMap<>();
        options.put("bits", (long) quantization.bits());
        options.put("group", (long) quantization.groupSize());
        options.put("symmetric", quantization.symmetric() ? 1L : 0L);
        options.put("type", (long) scaleType);
        options.put(
                "order",
                switch (settings.order()) {
                    case NATURAL -> 0L;
                    case ACT_ORDER -> 1L;
                    case GROUP_AWARE -> 2L;
                });
        options.put("static", settings.staticGroups() ? 1L : 0L);
        options.put("search", settings.searchesGrid() ? 1L : 0L);
        return options;
    }

    /** The inputs of modules that share them, as far as GPTQ looks at them. */
    final class Inputs implements AutoCloseable {
        private @Nullable Tensor sum;
        private long tokens;

        /** Adds a batch, {@code [..., in]}. */
        void add(Tensor input) {
            if (sum == null) {
                sum = kernels.call("no_inputs", input);
            }
            tokens += input.elements() / sum.shape().dimension(0);
            kernels.call("add_inputs", sum, input).close();
        }

        /**
         * The Hessian of the squared output error: 2/n times the sum of x'x, {@code [in, in]}; the caller closes it. Takes the
         * place of the sum, so that nothing can be added behind it.
         */
        Tensor hessian() {
            return kernels.call("completed", Objects.requireNonNull(sum), tokens);
        }

        long tokens() {
            return tokens;
        }

        @Override
        public void close() {
            if (sum != null) {
                sum.close();
            }
        }
    }

    Inputs inputs() {
        return new Inputs();
    }

    /**
     * What of one Hessian serves all modules that share it and have the same settings.
     *
     * @param order the channels in the order in which they are quantized
     * @param triangle the lower triangle that gives the damped Hessian with its transpose, in the reverse of that order
     */
    record Prepared(
            Quantization quantization,
            Map<String, Long> options,
            Tensor hessian,
            long tokens,
            Tensor order,
            Tensor triangle,
            double damping,
            double floor,
            String fallback)
            implements AutoCloseable {
        ModuleReport report(String module, Figures figures) {
            return new ModuleReport(
                    module,
                    quantization.bits(),
                    quantization.groupSize(),
                    tokens,
                    figures.loss / tokens,
                    figures.wrong / figures.output,
                    damping,
                    floor,
                    fallback);
        }

        @Override
        public void close() {
            order.close();
            triangle.close();
        }
    }

    private record Inverse(Tensor triangle, double damping, double floor, String fallback) {}

    /**
     * Orders and inverts {@code hessian}, which stays the caller's.
     *
     * @param module for messages, the first of the modules
     * @throws QuantizerException if the Hessian is not finite, or cannot be inverted and no fallback is allowed
     */
    Prepared prepare(String module, Quantization quantization, Tensor hessian, long tokens) {
        double largest;
        try (Tensor diagonal = kernels.call("largest", hessian)) {
            largest = kernels.floats(diagonal)[0];
        }
        if (!Double.isFinite(largest)) {
            throw new QuantizerException(
                    module,
                    "its inputs over the calibration are not finite, or their squares exceed float32",
                    "diagnose, which names the first operation, token and channel");
        }
        Map<String, Long> options = options(quantization);
        Tensor order = kernels.call("order", hessian, options);
        try {
            Inverse inverse = inverse(module, quantization.gptqSettings(), hessian, order, largest, tokens);
            return new Prepared(
                    quantization,
                    options,
                    hessian,
                    tokens,
                    order,
                    inverse.triangle(),
                    inverse.damping(),
                    inverse.floor(),
                    inverse.fallback());
        } catch (RuntimeException e) {
            order.close();
            throw e;
        }
    }

    /** Damps the Hessian as asked for, then more until it can be inverted, then with a floor under its diagonal. */
    private Inverse inverse(
            String module, GptqSettings settings, Tensor hessian, Tensor order, double largest, long tokens) {
        for (int attempt = 0; attempt <= FLOORS; attempt++) {
            double floor = attempt == 0 ? 0 : largest * 1e-6 * Math.pow(10, attempt - 1);
            Inverse inverse = damped(settings, hessian, order, floor);
            if (inverse != null) {
                return inverse;
            }
        }
        if (!fallbacks.contains(Fallback.ROUND_TO_NEAREST)) {
            throw new QuantizerException(
                    module,
                    "the Hessian of its inputs cannot be inverted, whatever the damping",
                    "more calibration tokens than the " + tokens + " there were; or allow the fallback "
                            + Fallback.ROUND_TO_NEAREST);
        }
        return new Inverse(kernels.call("nothing_passed_on", hessian), 1, 0, Fallback.ROUND_TO_NEAREST.name());
    }

    private @Nullable Inverse damped(GptqSettings settings, Tensor hessian, Tensor order, double floor) {
        double damping = settings.damping();
        while (damping < 1) {
            Tensor triangle = kernels.call("factor", hessian, order, damping, floor);
            if (triangle.elements() > 0) {
                return new Inverse(triangle, damping, floor, "");
            }
            triangle.close();
            damping = settings.dampingStep() > 0 ? damping + settings.dampingStep() : 1;
        }
        return null;
    }

    /**
     * How far a weight, or the sum of some of its rows, is from what it was.
     *
     * @param loss what GPTQ minimizes
     * @param wrong squared error of the output
     * @param output the squared output
     */
    record Figures(double loss, double wrong, double output) {
        Figures plus(Figures other) {
            return new Figures(loss + other.loss, wrong + other.wrong, output + other.output);
        }
    }

    /**
     * What has become of a weight.
     *
     * @param parts codes, scales, zeros, g_idx
     * @param restored the float32 weight that they stand for
     */
    record Solution(Figures figures, Map<String, Tensor> parts, Tensor restored) {}

    /** Quantizes {@code weight}, float32 {@code [out, in]}; the caller closes the solution's tensors. */
    Solution solve(Tensor weight, Prepared inputs) {
        Map<String, Tensor> parts = new HashMap<>(kernels.callMap(
                "solve", weight, inputs.hessian(), inputs.order(), inputs.triangle(), inputs.options()));
        Tensor restored = kernels.call("restored", parts);
        try (Tensor error = kernels.call("output_error", weight, restored, inputs.hessian());
                Tensor loss = Objects.requireNonNull(parts.remove("loss"))) {
            float[] squares = kernels.floats(error);
            return new Solution(new Figures(kernels.floats(loss)[0], squares[0], squares[1]), parts, restored);
        }
    }

    @Override
    public void close() {
        kernels.close();
    }
}
