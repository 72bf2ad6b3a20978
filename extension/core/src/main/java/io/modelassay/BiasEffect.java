package io.modelassay;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Shape;
import io.modelassay.evaluation.Evaluator;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Protocol;
import io.modelassay.inspection.UnusedBias;
import io.modelassay.runtime.ActivationKernels;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Tensor;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * What dropping the unused biases of an artifact does on a text.
 *
 * @param outputShares by module, {@code |b| / |x W^T|}: the norm of the bias over all tokens of the first window against
 *     that of the output it would have been added to
 * @param without perplexity as loaders compute it, with the biases dropped
 * @param with perplexity with the biases added
 */
@API(status = API.Status.EXPERIMENTAL)
public record BiasEffect(SortedMap<String, Double> outputShares, Perplexity without, Perplexity with) {
    /** The effect over {@code tokens}. */
    static BiasEffect of(LoadedModel model, Evaluator evaluator, int[] tokens, Protocol protocol) {
        int[] window = protocol.windows(tokens).get(0);
        Set<String> modules =
                model.unusedBiases().stream().map(UnusedBias::module).collect(Collectors.toSet());
        LanguageModel without = model.model();
        LanguageModel with = withBiases(without, model.unusedBiases());
        SortedMap<String, Double> shares = new TreeMap<>();
        evaluator
                .outputNorms(without, window, modules)
                .forEach(
                        (module, norm) -> shares.put(module, biasNorm(with, module) * Math.sqrt(window.length) / norm));
        return new BiasEffect(
                shares, evaluator.perplexity(without, tokens, protocol), evaluator.perplexity(with, tokens, protocol));
    }

    /** The model with the unused biases added; shares the weights of {@code plain}. */
    private static LanguageModel withBiases(LanguageModel plain, List<UnusedBias> unused) {
        ModelPlan known = plain.plan();
        List<Parameter> biases = unused.stream()
                .map(bias -> new Parameter(
                        known.resolve(bias.name()),
                        known.resolve(bias.module()),
                        Shape.of(bias.count()),
                        Parameter.Kind.BIAS,
                        true))
                .toList();
        return new LanguageModel(
                plain.engine(),
                plain.plan().with(biases),
                plain.weights(),
                plain.dtype(),
                plain.identity() + " with unused biases",
                plain.name());
    }

    /** The Euclidean norm of the bias of {@code module}, as {@code with} loads it. */
    private static double biasNorm(LanguageModel with, String module) {
        Parameter bias = with.plan().parameter(module + ".bias").orElseThrow();
        try (Tensor values = with.weights().load(bias, DType.FP32)) {
            return new ActivationKernels(with.engine()).norm(values);
        }
    }
}
