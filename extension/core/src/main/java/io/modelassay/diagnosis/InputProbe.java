package io.modelassay.diagnosis;

import io.modelassay.architecture.DecoderPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.runtime.Activations;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Decoder.OperationProbe;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Follows a forward pass: sums of what flows into linear modules, and the products of queries and keys. */
final class InputProbe implements OperationProbe<Place>, AutoCloseable {
    private static final String QUERY = ".self_attn.q_proj";
    private static final String KEY = ".self_attn.k_proj";

    private final LanguageModel model;
    private final Kernels kernels;
    private final Map<String, List<String>> consumers = new TreeMap<>();
    private final Map<String, double[]> sums = new LinkedHashMap<>();
    private final Map<String, Double> scores = new LinkedHashMap<>();
    private @Nullable Tensor queries;

    InputProbe(LanguageModel model, Kernels kernels) {
        this.model = model;
        this.kernels = kernels;
        Map<String, String> inputs = model.decoder().moduleInputs();
        for (String layer : model.plan().decoder().layers()) {
            inputs.forEach((module, operation) -> consumers
                    .computeIfAbsent(layer + "." + operation, unused -> new ArrayList<>())
                    .add(layer + "." + module));
        }
    }

    @Override
    public Optional<Place> look(String module, Activations.Batch results) {
        if (consumers.containsKey(module)) {
            try (Tensor sum = kernels.call("channel_sums", results.hidden())) {
                sums.merge(module, kernels.doubles(sum), InputProbe::added);
            }
        }
        if (module.endsWith(QUERY)) {
            close();
            queries = Kernels.conversions(model.engine()).call("same", results.hidden());
        } else if (module.endsWith(KEY) && queries != null) {
            try (Tensor largest = kernels.call("largest_score", queries, results.hidden())) {
                String attention = module.substring(0, module.lastIndexOf('.'));
                scores.merge(attention, kernels.doubles(largest)[0], Math::max);
            }
        }
        return Optional.empty();
    }

    private static double[] added(double[] before, double[] more) {
        Arrays.setAll(before, i -> before[i] + more[i]);
        return before;
    }

    /** By operation. */
    Map<String, InputSums> inputs() {
        Map<String, InputSums> inputs = new LinkedHashMap<>();
        sums.forEach((operation, values) ->
                inputs.put(operation, InputSums.of(consumers.getOrDefault(operation, List.of()), values)));
        return inputs;
    }

    List<AttentionScores> scores() {
        List<AttentionScores> all = new ArrayList<>();
        scores.forEach((attention, largest) -> all.add(scores(attention, largest)));
        return all;
    }

    private AttentionScores scores(String attention, double largest) {
        DecoderPlan plan = model.plan().decoder();
        Optional<Parameter> query = model.plan().parameter(attention + ".q_proj.bias");
        Optional<Parameter> key = model.plan().parameter(attention + ".k_proj.bias");
        long width = model.plan()
                        .parameter(attention + ".q_proj.weight")
                        .orElseThrow()
                        .shape()
                        .dimension(0)
                / plan.heads();
        double scaling = 1 / Math.sqrt((double) width);
        if (query.isEmpty() || key.isEmpty()) {
            return new AttentionScores(attention, largest, 0, 0, 0, scaling);
        }
        try (Tensor q = model.weights().load(query.get(), DType.FP32);
                Tensor k = model.weights().load(key.get(), DType.FP32)) {
            double[] qNorms = norms(q, plan.heads());
            double[] kNorms = norms(k, plan.keyValueHeads());
            double most = 0;
            for (int i = 0; i < qNorms.length; i++) {
                most = Math.max(most, qNorms[i] * kNorms[i * kNorms.length / qNorms.length]);
            }
            return new AttentionScores(attention, largest, most, largest(q), largest(k), scaling);
        }
    }

    private double[] norms(Tensor bias, int heads) {
        try (Tensor norms = kernels.call("head_norms", bias, heads)) {
            return kernels.doubles(norms);
        }
    }

    private double largest(Tensor values) {
        return Arrays.stream(kernels.doubles(values)).map(Math::abs).max().orElse(0);
    }

    @Override
    public void close() {
        if (queries != null) {
            queries.close();
            queries = null;
        }
    }
}
