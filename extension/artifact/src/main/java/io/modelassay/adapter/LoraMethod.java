package io.modelassay.adapter;

import io.modelassay.adapter.BaseModule.Kind;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** LoRA (Hu et al., 2021), with DoRA's magnitudes where the config asks for them. */
final class LoraMethod implements PeftMethod {
    private static final String A = "lora_A.weight";
    private static final String B = "lora_B.weight";
    private static final String EMBEDDING_A = "lora_embedding_A";
    private static final String EMBEDDING_B = "lora_embedding_B";
    static final String MAGNITUDE = "lora_magnitude_vector";

    @Override
    public Set<String> types() {
        return Set.of("LORA");
    }

    @Override
    public Map<String, Start> roots() {
        return Map.of(
                "lora_A",
                Start.ANYWHERE,
                "lora_B",
                Start.ZERO,
                EMBEDDING_A,
                Start.ZERO,
                EMBEDDING_B,
                Start.ANYWHERE,
                MAGNITUDE,
                Start.ANYWHERE);
    }

    @Override
    public Map<String, Integer> rankAxes() {
        return Map.of("lora_A", 0, EMBEDDING_A, 0);
    }

    @Override
    public Optional<String> kernel() {
        return Optional.of("lora.py");
    }

    /** Layers that compute differently, and starts that change the base while loading; PiSSA's is known. */
    @Override
    public Optional<String> unsupported(AdapterConfig config) {
        if (config.json().bool("use_qalora", false)) {
            return Optional.of("use_qalora");
        }
        for (String key : List.of("alora_invocation_tokens", "arrow_config", "layer_replication")) {
            if (config.json().has(key)) {
                return Optional.of(key);
            }
        }
        return config.initialization()
                .filter(start -> start.startsWith("pissa_niter")
                        || Set.of("olora", "corda", "loftq").contains(start))
                .map(start -> "init_lora_weights \"" + start + "\"");
    }

    @Override
    public Optional<String> unsupported(BaseModule module, Map<String, AdapterTensor> parts) {
        return module.kind() == Kind.EMBEDDING && parts.containsKey(MAGNITUDE)
                ? Optional.of("DoRA on an embedding")
                : Optional.empty();
    }

    @Override
    public Map<String, Double> numbers(BaseModule module, AdapterConfig config) {
        double rank = config.rank(module.name());
        double alpha = config.alpha(module.name());
        return Map.of("scaling", alpha / (config.usesRankStabilization() ? Math.sqrt(rank) : rank));
    }

    @Override
    public Set<String> rowParts() {
        return Set.of("lora_B", "lora_B.bias", MAGNITUDE);
    }

    @Override
    public Map<String, String> derivedParts(AdapterConfig config) {
        return config.usesDora() ? Map.of("row_norm", "row_norm") : Map.of();
    }

    @Override
    public boolean mergesBias(BaseModule module, AdapterConfig config) {
        return config.hasLoraBias() && module.isLinear();
    }

    @Override
    public Set<String> factors() {
        return Set.of("lora_A", "lora_B", EMBEDDING_A, EMBEDDING_B);
    }

    @Override
    public List<Part> parts(BaseModule module, AdapterConfig config) {
        long rank = config.rank(module.name());
        List<Part> parts = new ArrayList<>();
        if (module.kind() == Kind.EMBEDDING) {
            long rows = module.weight().dimension(0);
            long dimensions = module.weight().dimension(1);
            parts.add(Part.of(EMBEDDING_A, 0, rank, rows));
            parts.add(Part.of(EMBEDDING_B, 1, dimensions, rank));
            if (config.usesDora()) {
                parts.add(new Part(MAGNITUDE, List.of(Shape.of(dimensions), Shape.of(rows)), -1));
            }
        } else if (module.kind() == Kind.CONVOLUTION) {
            convolution(module, config, rank, parts);
        } else if (module.isLinear()) {
            long in = module.in();
            // Beside a base in another format PEFT makes an ordinary LoRA of it.
            if (module.gptq() && config.json().bool("use_qalora", false)) {
                in /= Math.max(1, config.integer("qalora_group_size").orElse(16));
            }
            parts.add(Part.of(A, 0, rank, in));
            parts.add(Part.of(B, 1, module.out(), rank));
            biasAndMagnitude(config, parts, Shape.of(module.out()), Shape.of(module.out()));
        }
        return parts;
    }

    private static void convolution(BaseModule module, AdapterConfig config, long rank, List<Part> parts) {
        List<Long> weight = module.weight().dimensions();
        List<Long> a = new ArrayList<>(weight);
        a.set(0, rank);
        List<Long> b = new ArrayList<>(weight);
        List<Long> magnitude = new ArrayList<>(weight);
        for (int axis = 1; axis < weight.size(); axis++) {
            b.set(axis, axis == 1 ? rank : 1);
            magnitude.set(axis, axis == 1 ? weight.get(0) : 1);
        }
        magnitude.set(0, 1L);
        parts.add(new Part(A, List.of(new Shape(a)), 0));
        parts.add(new Part(B, List.of(new Shape(b)), 1));
        biasAndMagnitude(config, parts, Shape.of(weight.get(0)), new Shape(magnitude));
    }

    private static void biasAndMagnitude(AdapterConfig config, List<Part> parts, Shape bias, Shape magnitude) {
        if (config.hasLoraBias()) {
            parts.add(new Part("lora_B.bias", List.of(bias), -1));
        }
        if (config.usesDora()) {
            parts.add(new Part(MAGNITUDE, List.of(magnitude), -1));
        }
    }
}
