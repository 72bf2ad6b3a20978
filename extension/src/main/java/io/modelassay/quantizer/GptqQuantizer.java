package io.modelassay.quantizer;

import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.StagedDecoder;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** GPTQ over a stage: its modules share the Hessian of their input, which earlier stages have been quantized for. */
final class GptqQuantizer implements LayerQuantizer {
    private static final int SCALE_TYPE = DType.FP16.scalarType();

    private final GptqSolver solver;
    private final Kernels conversions;

    GptqQuantizer(Quantization quantization, Set<Fallback> fallbacks, TorchEngine engine) {
        this.solver = new GptqSolver(quantization, SCALE_TYPE, fallbacks, engine);
        this.conversions = Kernels.conversions(engine);
    }

    @Override
    public void quantize(StagedDecoder.Stage stage, LayerResult result) {
        List<String> modules = stage.modules().stream().filter(result::asksFor).toList();
        if (modules.isEmpty()) {
            return;
        }
        try (GptqSolver.Inputs inputs = solver.inputs()) {
            stage.inputs((windows, input) -> inputs.add(input));
            try (Tensor hessian = inputs.hessian();
                    GptqSolver.Prepared prepared = solver.prepare(modules.get(0), hessian, inputs.tokens())) {
                for (String module : modules) {
                    solve(module, stage, prepared, result);
                }
            }
        }
    }

    private void solve(String module, StagedDecoder.Stage stage, GptqSolver.Prepared prepared, LayerResult result) {
        try (Tensor weight = stage.weight(module)) {
            GptqSolver.Solution solution = solver.solve(module, weight, prepared);
            Map<String, Tensor> parts = solution.parts();
            try (Tensor restored = solution.restored();
                    Tensor scales = Objects.requireNonNull(parts.get("scales"))) {
                stage.replace(module + ".weight", restored);
                parts.put("scales", conversions.call("convert", scales, SCALE_TYPE));
            }
            result.add(solution.report(), parts);
        }
    }

    @Override
    public void close() {
        solver.close();
    }
}
