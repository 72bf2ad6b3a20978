package io.modelassay.quantizer;

import io.modelassay.quantization.Codec;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.StagedDecoder;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** GPTQ over a stage: its modules share the Hessian of their input, which earlier stages have been quantized for. */
final class GptqQuantizer implements LayerQuantizer {
    private static final int SCALE_TYPE = DType.FP16.scalarType();

    private final GptqSolver solver;
    private final Kernels conversions;
    private final Kernels blocks;
    private final long blockValues;

    /** @param blockValues of the head that are in memory as float32 */
    GptqQuantizer(Set<Fallback> fallbacks, TorchEngine engine, long blockValues) {
        this.solver = new GptqSolver(SCALE_TYPE, fallbacks, engine);
        this.conversions = Kernels.conversions(engine);
        this.blocks = Kernels.compile(engine, Codec.class, List.of("row_blocks.py"));
        this.blockValues = blockValues;
    }

    @Override
    public void quantize(StagedDecoder.Stage stage, LayerResult result) {
        Map<Quantization, List<String>> modules = new LinkedHashMap<>();
        for (String module : stage.modules()) {
            result.settings(module)
                    .ifPresent(settings -> modules.computeIfAbsent(settings, key -> new ArrayList<>())
                            .add(module));
        }
        if (modules.isEmpty()) {
            return;
        }
        try (GptqSolver.Inputs inputs = solver.inputs()) {
            stage.inputs((windows, input) -> inputs.add(input));
            try (Tensor hessian = inputs.hessian()) {
                modules.forEach((settings, alike) -> {
                    try (GptqSolver.Prepared prepared =
                            solver.prepare(alike.get(0), settings, hessian, inputs.tokens())) {
                        alike.forEach(module -> solve(module, stage, prepared, result));
                    }
                });
            }
        }
    }

    private void solve(String module, StagedDecoder.Stage stage, GptqSolver.Prepared prepared, LayerResult result) {
        try (Tensor weight = stage.weight(module)) {
            GptqSolver.Solution solution = solver.solve(weight, prepared);
            try (Tensor restored = solution.restored()) {
                stage.replace(module + ".weight", restored);
            }
            result.add(prepared.report(module, solution.figures()), stored(solution.parts()));
        }
    }

    private Map<String, Tensor> stored(Map<String, Tensor> parts) {
        try (Tensor scales = Objects.requireNonNull(parts.get("scales"))) {
            parts.put("scales", conversions.call("convert", scales, SCALE_TYPE));
        }
        return parts;
    }

    @Override
    public void quantize(StagedDecoder.Head head, LayerResult result) {
        Quantization settings = result.settings(head.module()).orElseThrow();
        try (GptqSolver.Inputs inputs = solver.inputs()) {
            head.inputs(inputs::add);
            try (Tensor hessian = inputs.hessian();
                    GptqSolver.Prepared prepared = solver.prepare(head.module(), settings, hessian, inputs.tokens())) {
                GptqSolver.Figures[] all = {new GptqSolver.Figures(0, 0, 0)};
                Map<String, Tensor> parts = new RowBlocks(head.shape(), blockValues, blocks).parts((first, count) -> {
                    try (Tensor rows = head.rows(first, count)) {
                        GptqSolver.Solution solution = solver.solve(rows, prepared);
                        solution.restored().close();
                        all[0] = all[0].plus(solution.figures());
                        return stored(solution.parts());
                    }
                });
                result.add(prepared.report(head.module(), all[0]), parts);
            }
        }
    }

    @Override
    public void close() {
        blocks.close();
        solver.close();
    }
}
