package io.modelassay.runtime;

import io.modelassay.adapter.AdaptedModule;
import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.AdapterTensor;
import io.modelassay.adapter.TokenRows;
import io.modelassay.architecture.Parameter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Carries gradients back through what an adapter changes before a layer sees it: the embedding's rows, and weights. */
final class TableGradients {
    private final LanguageModel base;
    private final AdapterPlan adapter;
    private final Kernels kernels;
    private final Gradients result;

    TableGradients(LanguageModel base, AdapterPlan adapter, Kernels kernels, Gradients result) {
        this.base = base;
        this.adapter = adapter;
        this.kernels = kernels;
        this.result = result;
    }

    /** The functions of the adapter's method that change tables and weights, with gradients recorded. */
    private Kernels method() {
        return Kernels.shared(
                base.engine(),
                "products.py",
                "linear.py",
                adapter.kernel().orElseThrow(),
                "gradients.py",
                "parameter_training.py");
    }

    /** From the gradient of the rows at {@code ids}. */
    void embedding(int[] ids, Tensor gradient) {
        Parameter table =
                base.plan().parameter(base.plan().decoder().embedding()).orElseThrow();
        Optional<AdapterTensor> stored = adapter.copy(table.name()).or(() -> adapter.overwritten(table.name()));
        stored.ifPresent(
                tensor -> addRows(tensor.name(), ids, gradient, table.shape().dimension(0)));
        adapter.tokens(table.module()).ifPresent(tokens -> tokens(tokens, ids, gradient));
        adapter.module(table.module()).ifPresent(module -> embedded(table, module, ids, gradient));
    }

    private void addRows(String name, int[] ids, Tensor gradient, long rows) {
        try (Tensor index =
                        kernels.engine().longs(Arrays.stream(ids).asLongStream().toArray());
                Tensor all = kernels.call("rows_gradient", index, gradient, rows)) {
            result.add(name, all);
        }
    }

    private void tokens(TokenRows tokens, int[] ids, Tensor gradient) {
        int[] at = IntStream.range(0, ids.length)
                .filter(i -> tokens.ids().contains((long) ids[i]))
                .toArray();
        if (at.length == 0) {
            return;
        }
        int[] places =
                Arrays.stream(at).map(i -> tokens.ids().indexOf((long) ids[i])).toArray();
        long[] shape = {ids.length, base.plan().decoder().hiddenSize()};
        try (Tensor flat = kernels.call("shaped", gradient, shape);
                Tensor index =
                        kernels.engine().longs(Arrays.stream(at).asLongStream().toArray());
                Tensor chosen = kernels.call("gather", flat, index)) {
            addRows(tokens.rows().name(), places, chosen, tokens.ids().size());
        }
    }

    private void embedded(Parameter table, AdaptedModule module, int[] ids, Tensor gradient) {
        Map<String, Tensor> parts = new AdapterParts(base.engine(), adapter).of(module);
        Map<String, String> asked = TrainedTensors.parts(module);
        try (Tensor rows = base.weights().gather(table, ids, base.dtype());
                Tensor index =
                        kernels.engine().longs(Arrays.stream(ids).asLongStream().toArray())) {
            take(asked, method().callRecording("embedding_gradients", rows, index, asking(parts, asked), gradient));
        } finally {
            parts.values().forEach(Tensor::close);
        }
    }

    /** From the gradient of the changed weight. */
    void weight(Parameter parameter, AdaptedModule module, Tensor gradient) {
        Map<String, Tensor> parts = new AdapterParts(base.engine(), adapter).of(module);
        Map<String, String> asked = TrainedTensors.parts(module);
        try (Tensor weight = base.weights().load(parameter, DType.FP32)) {
            take(asked, method().callRecording("weight_gradients", weight, asking(parts, asked), gradient));
        } finally {
            parts.values().forEach(Tensor::close);
        }
    }

    private static Map<String, Tensor> asking(Map<String, Tensor> parts, Map<String, String> asked) {
        Map<String, Tensor> asking = new HashMap<>();
        parts.forEach(
                (name, tensor) -> asking.put(asked.containsKey(name) ? TrainingPass.TRAINED + name : name, tensor));
        return asking;
    }

    private void take(Map<String, String> asked, Map<String, Tensor> results) {
        result.addAll(asked, results);
        results.values().forEach(Tensor::close);
    }
}
