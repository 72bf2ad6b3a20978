package io.modelassay.quantizer;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.StagedDecoder;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * AWQ (Lin et al., 2023). A block's two stages are searched together when the pass comes to the first, since the scales of
 * the second divide weights of the first; then all of them are scaled, clipped and rounded.
 *
 * <p>AutoAWQ looks at what the float model feeds each layer, llm-compressor at what the quantized layers before it do. This
 * does the latter, block by block: a scale is chosen for the inputs that the artifact will have.
 */
final class AwqQuantizer implements LayerQuantizer {
    /** TorchScript type number of float16, the type of stored scales. */
    private static final long SCALE_TYPE = 5;

    /** What these compute meets in a product, in which errors of single groups do not add up; AutoAWQ clips neither. */
    private static final Set<String> NOT_CLIPPED = Set.of("q_proj", "k_proj");

    private final AwqSearch search;
    private final Kernels kernels;
    private final Quantization quantization;
    private final Set<Fallback> fallbacks;
    private final Checkpoint source;

    /** @param source says in which type a changed parameter will be stored */
    AwqQuantizer(Checkpoint source, Quantization quantization, Set<Fallback> fallbacks, TorchEngine engine) {
        this.search = new AwqSearch(quantization, engine);
        this.kernels = search.kernels();
        this.quantization = quantization;
        this.fallbacks = fallbacks;
        this.source = source;
    }

    @Override
    public void quantize(StagedDecoder.Stage stage, LayerResult result) {
        StagedDecoder.Stage second = stage.following().orElse(null);
        if (second == null) {
            return;
        }
        try (Pair pair = new Pair(stage, result);
                Pair behind = new Pair(second, result)) {
            pair.search();
            behind.search();
            pair.foldIntoNorm();
            behind.foldIntoBias();
            pair.round(behind);
            behind.round(null);
        }
    }

    /** A producer and the modules of a stage, which take what it gives. */
    private final class Pair implements AutoCloseable {
        private final StagedDecoder.Stage stage;
        private final LayerResult result;
        private final Map<String, Tensor> weights = new LinkedHashMap<>();
        private final String refusal;
        private AwqSearch.@Nullable Inputs inputs;
        private AwqSearch.@Nullable Found found;
        private @Nullable Tensor scales;
        private boolean fellBack;

        Pair(StagedDecoder.Stage stage, LayerResult result) {
            this.stage = stage;
            this.result = result;
            List<String> kept = stage.modules().stream()
                    .filter(module -> !result.asksFor(module))
                    .toList();
            stage.modules().stream()
                    .filter(result::asksFor)
                    .forEach(module -> weights.put(module, stage.weight(module)));
            boolean producerKept = stage.following().isEmpty() && !result.asksFor(stage.producer());
            this.refusal = !kept.isEmpty()
                    ? kept.get(0) + " takes the same input and stays as it is"
                    : producerKept ? stage.producer() + ", which feeds it, stays as it is" : "";
        }

        private boolean isEmpty() {
            return weights.isEmpty();
        }

        /** Whether the producer has one channel for each input channel, which under grouped-query attention it has not. */
        private boolean matches() {
            String producer = stage.producer() + ".weight";
            try (Tensor weight = stage.value(producer)) {
                long channels = weights.values().iterator().next().shape().dimension(1);
                return weight.shape().dimension(0) == channels;
            }
        }

        void search() {
            if (isEmpty()) {
                return;
            }
            String first = weights.keySet().iterator().next();
            AwqSearch.Inputs collected = search.inputs(stage);
            inputs = collected;
            if (!search.isFinite(collected.hessian())) {
                throw new QuantizerException(
                        first,
                        "its inputs over the calibration are not finite, or their squares exceed float32",
                        "diagnose, which names the first operation, token and channel");
            }
            if (!matches()) {
                scales = unscaled();
                return;
            }
            if (!refusal.isEmpty()) {
                fallBack(first, refusal, "keep all modules of one input, or none");
                return;
            }
            found = search.search(stage, collected, weights);
            if (found == null) {
                fallBack(
                        first,
                        "no ratio leaves a finite error of the output",
                        "scan, which finds weights that are not finite");
                return;
            }
            scales = found.scales();
        }

        private void fallBack(String module, String why, String nextStep) {
            if (!fallbacks.contains(Fallback.UNSCALED)) {
                throw new QuantizerException(
                        module,
                        "its inputs cannot be scaled: " + why,
                        nextStep + "; or allow the fallback " + Fallback.UNSCALED);
            }
            fellBack = true;
            scales = unscaled();
        }

        private Tensor unscaled() {
            return kernels.call("unscaled", weights.values().iterator().next());
        }

        private Tensor scales() {
            return Objects.requireNonNull(scales);
        }

        /** Divides the norm, and keeps what it was really divided by once it is rounded to its stored type. */
        void foldIntoNorm() {
            if (found == null) {
                return;
            }
            String norm = stage.producer() + ".weight";
            long stored = TorchEngine.scalarType(source.tensor(norm).type(), norm);
            try (Tensor before = stage.value(norm);
                    Tensor divided = kernels.call("rows_unscaled", before, scales());
                    Tensor rounded = kernels.call("convert", divided, stored)) {
                Tensor after = kernels.call("as_float32", rounded);
                stage.replace(norm, after);
                result.change(norm, after);
                Tensor effective = kernels.call("effective", before, after, scales());
                scales().close();
                scales = effective;
            }
        }

        /** Divides the bias of the linear module that feeds this pair, whose weight {@link #round} divides. */
        void foldIntoBias() {
            String bias = stage.producer() + ".bias";
            if (found == null || !stage.has(bias)) {
                return;
            }
            try (Tensor before = stage.value(bias)) {
                Tensor after = kernels.call("rows_unscaled", before, scales());
                stage.replace(bias, after);
                result.change(bias, after);
            }
        }

        /** Scales, clips and rounds the modules; the one that feeds {@code behind} gives what its scales multiply. */
        void round(@Nullable Pair behind) {
            weights.forEach((module, weight) -> {
                try (Tensor columns = kernels.call("columns_scaled", weight, scales())) {
                    if (behind == null || behind.found == null || !module.equals(behind.stage.producer())) {
                        finish(module, columns);
                        return;
                    }
                    try (Tensor rows = kernels.call("rows_unscaled", columns, behind.scales())) {
                        finish(module, rows);
                    }
                }
            });
        }

        private void finish(String module, Tensor scaled) {
            AwqSearch.Inputs seen = Objects.requireNonNull(inputs);
            Map<String, Long> options = search.options(SCALE_TYPE);
            boolean clips = quantization.awqSettings().clips()
                    && !NOT_CLIPPED.contains(module.substring(module.lastIndexOf('.') + 1));
            Tensor weight = clips ? kernels.call("clipped", scaled, seen.hessian(), scales(), options) : scaled;
            try {
                Map<String, Tensor> parts = new HashMap<>(kernels.callMap("nearest", weight, options));
                try (Tensor restored = kernels.call("restored", parts);
                        Tensor error =
                                kernels.call("scaled_output_error", scaled, restored, scales(), seen.hessian())) {
                    stage.replace(module + ".weight", restored);
                    Tensor grid = Objects.requireNonNull(parts.get("scales"));
                    parts.put("scales", kernels.call("convert", grid, SCALE_TYPE));
                    grid.close();
                    result.add(
                            new ModuleReport(
                                    module,
                                    quantization.bits(),
                                    quantization.groupSize(),
                                    seen.tokens(),
                                    found == null ? 0 : found.loss(),
                                    kernels.floats(error)[0],
                                    0,
                                    0,
                                    fellBack ? Fallback.UNSCALED.name() : "",
                                    found == null ? null : found.ratio()),
                            parts);
                }
            } finally {
                if (clips) {
                    weight.close();
                }
            }
        }

        @Override
        public void close() {
            weights.values().forEach(Tensor::close);
            if (inputs != null) {
                inputs.close();
            }
            if (scales != null) {
                scales.close();
            }
        }
    }

    @Override
    public void close() {
        search.close();
    }
}
