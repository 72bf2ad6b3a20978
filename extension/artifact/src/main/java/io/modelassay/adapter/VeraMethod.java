package io.modelassay.adapter;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** VeRA (Kopiczko et al., 2023): two vectors a module around projections that all modules share. */
final class VeraMethod implements PeftMethod {
    @Override
    public Set<String> types() {
        return Set.of("VERA");
    }

    @Override
    public Map<String, Start> roots() {
        return Map.of("vera_lambda_b", Start.ZERO, "vera_lambda_d", Start.ANYWHERE);
    }

    @Override
    public Map<String, Integer> rankAxes() {
        return Map.of("vera_lambda_d", 0);
    }

    @Override
    public Optional<String> kernel() {
        return Optional.of("vera.py");
    }

    @Override
    public Set<String> rowParts() {
        return Set.of("vera_lambda_b", "vera_B");
    }

    @Override
    public Map<String, AdapterTensor> generated(Collection<BaseModule> targeted, AdapterConfig config) {
        if (config.json().bool("save_projection", true)) {
            return Map.of();
        }
        SeededProjections projections =
                new SeededProjections(config.integer("projection_prng_key").orElse(0));
        List<Part> parts = projections(targeted, config);
        AdapterTensor a = projections.next("vera_A", parts.get(0).shapes().get(0));
        AdapterTensor b = projections.next("vera_B", parts.get(1).shapes().get(0));
        return Map.of("vera_A", a, "vera_B", b);
    }

    @Override
    public Set<String> factors() {
        return Set.of("vera_lambda_b", "vera_lambda_d");
    }

    @Override
    public List<Part> parts(BaseModule module, AdapterConfig config) {
        return module.isLinear()
                ? List.of(
                        Part.of("vera_lambda_b", -1, module.out()),
                        Part.of("vera_lambda_d", 0, config.integer("r").orElse(256)))
                : List.of();
    }

    /** The projections are as large as the largest module; without {@code save_projection} a seed stands for them. */
    @Override
    public List<Part> shared(Collection<BaseModule> targeted, AdapterConfig config) {
        if (!config.json().bool("save_projection", true) || targeted.isEmpty()) {
            return List.of();
        }
        return projections(targeted, config);
    }

    private static List<Part> projections(Collection<BaseModule> targeted, AdapterConfig config) {
        long rank = config.integer("r").orElse(256);
        long in = targeted.stream().mapToLong(BaseModule::in).max().orElse(0);
        long out = targeted.stream().mapToLong(BaseModule::out).max().orElse(0);
        return List.of(Part.of("base_model.vera_A", 0, rank, in), Part.of("base_model.vera_B", 1, out, rank));
    }
}
