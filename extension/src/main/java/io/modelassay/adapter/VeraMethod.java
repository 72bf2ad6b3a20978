package io.modelassay.adapter;

import java.util.Collection;
import java.util.List;
import java.util.Map;
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
        long rank = config.integer("r").orElse(256);
        long in = targeted.stream().mapToLong(BaseModule::in).max().orElse(0);
        long out = targeted.stream().mapToLong(BaseModule::out).max().orElse(0);
        return List.of(Part.of("base_model.vera_A", 0, rank, in), Part.of("base_model.vera_B", 1, out, rank));
    }
}
