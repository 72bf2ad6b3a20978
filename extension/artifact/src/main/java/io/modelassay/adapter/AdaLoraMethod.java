package io.modelassay.adapter;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** AdaLoRA (Zhang et al., 2023): LoRA with singular values between the halves, of which training prunes some. */
final class AdaLoraMethod implements PeftMethod {
    @Override
    public Set<String> types() {
        return Set.of("ADALORA");
    }

    @Override
    public Map<String, Start> roots() {
        return Map.of("lora_A", Start.ANYWHERE, "lora_B", Start.ANYWHERE, "lora_E", Start.ZERO);
    }

    @Override
    public Map<String, Integer> rankAxes() {
        return Map.of("lora_E", 0);
    }

    @Override
    public Optional<String> kernel() {
        return Optional.of("adalora.py");
    }

    @Override
    public Set<String> rowParts() {
        return Set.of("lora_B");
    }

    /** By the rank that training started with, not the one that pruning left. */
    @Override
    public Map<String, Double> numbers(BaseModule module, AdapterConfig config) {
        double rank = config.integer("init_r").orElse(12);
        double alpha = config.alpha() > 0 ? config.alpha() : rank;
        return Map.of("scaling", alpha / (rank + 1e-5));
    }

    @Override
    public Set<String> factors() {
        return Set.of("lora_A", "lora_B", "lora_E");
    }

    @Override
    public List<Part> parts(BaseModule module, AdapterConfig config) {
        if (!module.isLinear()) {
            return List.of();
        }
        long rank = config.rank(module.name());
        return List.of(
                Part.of("lora_A", 0, rank, module.in()),
                Part.of("lora_B", 1, module.out(), rank),
                Part.of("lora_E", 0, rank, 1));
    }
}
