package io.modelassay.adapter;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** LoHa (Hyeon-Woo et al., 2021): the elementwise product of two low-rank products. Supports linear modules only. */
final class LohaMethod implements PeftMethod {
    @Override
    public Set<String> types() {
        return Set.of("LOHA");
    }

    @Override
    public Map<String, Start> roots() {
        return Map.of(
                "hada_w1_a", Start.ANYWHERE,
                "hada_w1_b", Start.ANYWHERE,
                "hada_w2_a", Start.ZERO,
                "hada_w2_b", Start.ANYWHERE);
    }

    @Override
    public Map<String, Integer> rankAxes() {
        return Map.of("hada_w1_b", 0);
    }

    @Override
    public Optional<String> kernel() {
        return Optional.of("loha.py");
    }

    @Override
    public Set<String> rowParts() {
        return Set.of("hada_w1_a", "hada_w2_a");
    }

    @Override
    public Map<String, Double> numbers(BaseModule module, AdapterConfig config) {
        return Map.of("scaling", config.alpha(module.name()) / config.rank(module.name()));
    }

    @Override
    public Set<String> factors() {
        return Set.of("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b");
    }

    @Override
    public List<Part> parts(BaseModule module, AdapterConfig config) {
        if (!module.isLinear()) {
            return List.of();
        }
        long rank = config.rank(module.name());
        return List.of(
                Part.of("hada_w1_a", 1, module.out(), rank),
                Part.of("hada_w1_b", 0, rank, module.in()),
                Part.of("hada_w2_a", 1, module.out(), rank),
                Part.of("hada_w2_b", 0, rank, module.in()));
    }
}
