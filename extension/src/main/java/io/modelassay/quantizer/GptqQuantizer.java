package io.modelassay.quantizer;

import io.modelassay.quantization.Codec;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.StagedDecoder;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** GPTQ (Frantar et al., 2022): the modules of a stage share the Hessian of their input. */
final class GptqQuantizer implements LayerQuantizer {
    /** Of float16, in which scales are stored. */
    private static final long SCALE_TYPE = 5;

    /** Floors that are tried under the diagonal, each ten times the one before. */
    private static final int FLOORS = 6;

    private final Kernels kernels;
    private final Quantization quantization;
    private final Set<Fallback> fallbacks;

    GptqQuantizer(Quantization quantization, Set<Fallback> fallbacks, TorchEngine engine) {
        this.kernels = Kernels.compile(engine, Codec.class, List.of("uniform.py", "gptq_solver.py"));
        this.quantization = quantization;
        this.fallbacks = fallbacks;
    }

    @Override
    public void quantize(StagedDecoder.Stage stage, LayerResult result) {
        List<String> modules = stage.modules().stream().filter(result::asksFor).toList();
        if (modules.isEmpty()) {
            return;
        }
        long[] tokens = {0};
        Tensor[] sum = {null};
        stage.inputs((windows, input) -> {
            long channels = input.shape().dimension(2);
            if (sum[0] == null) {
                sum[0] = kernels.call("no_inputs", input);
            }
            tokens[0] += input.elements() / channels;
            kernels.call("add_inputs", sum[0], input).close();
        });
        try (Tensor inputs = Objects.requireNonNull(sum[0]);
                Tensor hessian = kernels.call("completed", inputs, tokens[0])) {
            new Stage(stage, result, hessian, tokens[0]).quantize(modules);
        }
    }

    private record Factor(Tensor triangle, double damping, double floor, String fallback) implements AutoCloseable {
        @Override
        public void close() {
            triangle.close();
        }
    }

    /** The work on the modules that share one Hessian. */
    private final class Stage {
        private final StagedDecoder.Stage stage;
        private final LayerResult result;
        private final Tensor hessian;
        private final long tokens;

        Stage(StagedDecoder.Stage stage, LayerResult result, Tensor hessian, long tokens) {
            this.stage = stage;
            this.result = result;
            this.hessian = hessian;
            this.tokens = tokens;
        }

        void quantize(List<String> modules) {
            Map<String, Long> options = options(quantization);
            try (Tensor revived = kernels.call("revived", hessian);
                    Tensor order = kernels.call("order", revived, options)) {
                Factor factor = factor(modules.get(0), revived, order);
                try (factor) {
                    for (String module : modules) {
                        solve(module, order, factor, options);
                    }
                }
            }
        }

        /** Damps the Hessian as asked for, then more until it can be inverted, then with a floor under its diagonal. */
        private Factor factor(String module, Tensor revived, Tensor order) {
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
            for (int attempt = 0; attempt <= FLOORS; attempt++) {
                double floor = attempt == 0 ? 0 : largest * 1e-6 * Math.pow(10, attempt - 1);
                Factor factor = damped(revived, order, floor);
                if (factor != null) {
                    return factor;
                }
            }
            if (!fallbacks.contains(Fallback.ROUND_TO_NEAREST)) {
                throw new QuantizerException(
                        module,
                        "the Hessian of its inputs cannot be inverted, whatever the damping",
                        "more calibration tokens than the " + tokens + " there were; or allow the fallback "
                                + Fallback.ROUND_TO_NEAREST);
            }
            return new Factor(kernels.call("nothing_passed_on", hessian), 1, 0, Fallback.ROUND_TO_NEAREST.name());
        }

        private @Nullable Factor damped(Tensor revived, Tensor order, double floor) {
            GptqSettings settings = quantization.gptqSettings();
            double damping = settings.damping();
            while (damping < 1) {
                Tensor triangle = kernels.call("factor", revived, order, damping, floor);
                if (triangle.elements() > 0) {
                    return new Factor(triangle, damping, floor, "");
                }
                triangle.close();
                damping = settings.dampingStep() > 0 ? damping + settings.dampingStep() : 1;
            }
            return null;
        }

        private void solve(String module, Tensor order, Factor factor, Map<String, Long> options) {
            try (Tensor weight = stage.weight(module)) {
                Map<String, Tensor> parts =
                        new HashMap<>(kernels.callMap("solve", weight, hessian, order, factor.triangle(), options));
                try (Tensor restored = kernels.call("restored", parts);
                        Tensor error = kernels.call("output_error", weight, restored, hessian);
                        Tensor loss = Objects.requireNonNull(parts.remove("loss"))) {
                    stage.replace(module + ".weight", restored);
                    Tensor scales = Objects.requireNonNull(parts.get("scales"));
                    parts.put("scales", kernels.call("convert", scales, SCALE_TYPE));
                    scales.close();
                    result.add(
                            new ModuleReport(
                                    module,
                                    tokens,
                                    kernels.floats(loss)[0] / tokens,
                                    kernels.floats(error)[0],
                                    factor.damping(),
                                    factor.floor(),
                                    factor.fallback()),
                            parts);
                }
            }
        }
    }

    private static Map<String, Long> options(Quantization quantization) {
        GptqSettings settings = quantization.gptqSettings();
        return Map.of(
                "bits",
                (long) quantization.bits(),
                "group",
                (long) quantization.groupSize(),
                "symmetric",
                quantization.symmetric() ? 1L : 0L,
                "type",
                SCALE_TYPE,
                "order",
                switch (settings.order()) {
                    case NATURAL -> 0L;
                    case ACT_ORDER -> 1L;
                    case GROUP_AWARE -> 2L;
                },
                "static",
                settings.staticGroups() ? 1L : 0L,
                "search",
                settings.searchesGrid() ? 1L : 0L);
    }

    @Override
    public void close() {
        kernels.close();
    }
}
