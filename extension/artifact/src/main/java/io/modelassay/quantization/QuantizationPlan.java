package io.modelassay.quantization;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.failure.InvalidRequestException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apiguardian.api.API;

/** A quantization applied to one model: which modules it changes, each by which settings, and which it keeps. */
@API(status = API.Status.INTERNAL)
public final class QuantizationPlan {
    private final Quantization quantization;
    private final Map<String, Quantization> modules;

    private QuantizationPlan(Quantization quantization, Map<String, Quantization> modules) {
        this.quantization = quantization;
        this.modules = modules;
    }

    /**
     * Applies {@code quantization} to the linear modules of {@code plan}.
     *
     * @throws IllegalArgumentException if a {@code keep} pattern or a rule matches no module of the model, a head that is
     *     asked for is tied to the embedding or left out, or nothing is left to quantize
     */
    public static QuantizationPlan of(Quantization quantization, ModelPlan plan) {
        Set<String> kept = kept(quantization, plan);
        List<String> candidates = plan.parameters().stream()
                .filter(parameter -> isCandidate(parameter, quantization))
                .map(Parameter::module)
                .distinct()
                .toList();
        requireMatches(quantization, plan, candidates);
        Quantization present = quantization.translating(rule -> presentNames(rule, plan, candidates));
        Map<String, Quantization> modules = new HashMap<>();
        for (String module : candidates) {
            if (!kept.contains(module)) {
                present.forModule(module).ifPresent(settings -> modules.put(module, settings));
            }
        }
        if (modules.isEmpty()) {
            throw new InvalidRequestException(
                    quantization + " leaves no module to quantize", "fewer patterns in keep, or no quantization");
        }
        requireHead(quantization, plan, modules.keySet());
        return new QuantizationPlan(present, modules);
    }

    /** The modules that a rule may be for. */
    private static List<String> modules(DynamicRule rule, ModelPlan plan, List<String> candidates) {
        return rule.leavesOut() ? plan.modules() : candidates;
    }

    /**
     * The rule itself where it matches present names. A rule for names that a file or an earlier generation uses becomes one
     * rule for each of its modules, since loaders read rules with the present names.
     */
    private static List<DynamicRule> presentNames(DynamicRule rule, ModelPlan plan, List<String> candidates) {
        List<String> modules = modules(rule, plan, candidates);
        if (modules.stream().anyMatch(rule::matches)) {
            return List.of(rule);
        }
        return modules.stream()
                .filter(module -> plan.namesOf(module).stream().anyMatch(rule::matches))
                .map(rule::only)
                .toList();
    }

    private static boolean isCandidate(Parameter parameter, Quantization quantization) {
        return parameter.kind() == Parameter.Kind.LINEAR
                || (parameter.kind() == Parameter.Kind.HEAD && quantization.quantizesHead());
    }

    private static Set<String> kept(Quantization quantization, ModelPlan plan) {
        List<String> modules = plan.modules();
        Set<String> kept = new HashSet<>();
        for (String pattern : quantization.keep()) {
            ModulePattern names = ModulePattern.of(pattern);
            List<String> matches = modules.stream()
                    .filter(module -> names.matchesAny(plan.namesOf(module)))
                    .toList();
            if (matches.isEmpty()) {
                throw new InvalidRequestException(
                        "keep = \"" + pattern + "\" matches none of the " + modules.size() + " modules of this "
                                + plan.modelType() + " model",
                        "a module name such as " + modules.get(modules.size() / 2) + ", with * for any characters");
            }
            kept.addAll(matches);
        }
        return kept;
    }

    /** A rule that leaves out may name what is never quantized, as {@code -:lm_head} does in many a config. */
    private static void requireMatches(Quantization quantization, ModelPlan plan, List<String> candidates) {
        for (DynamicRule rule : quantization.dynamic()) {
            List<String> modules = modules(rule, plan, candidates);
            if (modules.stream()
                    .noneMatch(module -> plan.namesOf(module).stream().anyMatch(rule::matches))) {
                throw new InvalidRequestException(
                        "The rule \"" + rule + "\" matches none of the " + modules.size()
                                + " modules" + (rule.leavesOut() ? "" : " to be quantized") + " of this "
                                + plan.modelType()
                                + " model",
                        (plan.modules().stream().anyMatch(rule::matches)
                                ? "the head quantized, too, if the rule is meant for it"
                                : "a regular expression for the beginning of a name such as "
                                        + modules.get(modules.size() / 2)));
            }
        }
    }

    private static void requireHead(Quantization quantization, ModelPlan plan, Set<String> quantized) {
        for (Parameter parameter : plan.parameters()) {
            if (parameter.kind() == Parameter.Kind.HEAD && quantization.quantizesHead()) {
                if (!parameter.required()) {
                    throw new InvalidRequestException(
                            "The head " + parameter.module()
                                    + " cannot be quantized: it is the embedding, since tie_word_embeddings is true",
                            "a model whose head is its own, or no quantized head");
                }
                if (!quantized.contains(parameter.module())) {
                    throw new InvalidRequestException(
                            "The head " + parameter.module() + " is to be quantized, and to be left as it is: "
                                    + quantization,
                            "one of the two");
                }
            }
        }
    }

    /** The quantization that is applied. */
    public Quantization quantization() {
        return quantization;
    }

    /** The settings for {@code module}, if its weight is quantized. */
    public Optional<Quantization> settings(String module) {
        return Optional.ofNullable(modules.get(module));
    }

    /** Whether the weight of {@code module} is quantized. */
    public boolean quantizes(String module) {
        return modules.containsKey(module);
    }

    /** The settings for {@code parameter}, if it is a weight that is quantized. */
    public Optional<Quantization> settings(Parameter parameter) {
        return isCandidate(parameter, quantization) ? settings(parameter.module()) : Optional.empty();
    }

    /** Number of modules whose weight is quantized. */
    public int size() {
        return modules.size();
    }
}
