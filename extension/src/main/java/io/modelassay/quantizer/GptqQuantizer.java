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

/** GPTQ (Frantar et al., 2022): the modules of a stage share the Hessian of their input. */
final class GptqQuantizer implements LayerQuantizer {
    /** Of float16, in which scales are stored. */
    private static final long SCALE_TYPE = 5;

    private final Kernels kernels;
    private final Quantization quantization;

    GptqQuantizer(Quantization quantization, TorchEngine engine) {
        this.kernels = Kernels.compile(engine, Codec.class, List.of("uniform.py", "gptq_solver.py"));
        this.quantization = quantization;
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

    private record Factor(Tensor triangle, double damping) {}

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
                try (Tensor triangle = factor.triangle()) {
                    for (String module : modules) {
                        solve(module, order, triangle, factor.damping(), options);
                    }
                }
            }
        }

        /** Damps the Hessian as asked for, then more, until it can be inverted. */
        private Factor factor(String module, Tensor revived, Tensor order) {
            GptqSettings settings = quantization.gptqSettings();
            double damping = settings.damping();
            while (true) {
                Tensor triangle = kernels.call("factor", revived, order, damping);
                if (triangle.elements() > 0) {
                    return new Factor(triangle, damping);
                }
                triangle.close();
                if (settings.dampingStep() == 0 || damping + settings.dampingStep() >= 1) {
                    throw new QuantizerException(
                            module,
                            "the Hessian of its inputs cannot be inverted, even with damping " + damping,
                            "more calibration tokens than the " + tokens + " there were, or a larger damping");
                }
                damping += settings.dampingStep();
            }
        }

        private void solve(String module, Tensor order, Tensor factor, double damping, Map<String, Long> options) {
            try (Tensor weight = stage.weight(module)) {
                Map<String, Tensor> parts =
                        new HashMap<>(kernels.callMap("solve", weight, hessian, order, factor, options));
                try (Tensor restored = kernels.call("restored", parts);
                        Tensor error = kernels.call("output_error", weight, restored, hessian);
                        Tensor loss = Objects.requireNonNull(parts.remove("loss"))) {
                    stage.replace(module + ".weight", restored);
                    Tensor scales = Objects.requireNonNull(parts.get("scales"));
                    parts.put("scales", kernels.call("convert", scales, SCALE_TYPE));
                    scales.close();
                    result.add(
                            new ModuleReport(
                                    module, tokens, kernels.floats(loss)[0], kernels.floats(error)[0], damping, ""),
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
