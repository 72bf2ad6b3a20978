package io.modelassay.adapter;

import io.modelassay.checkpoint.Shape;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** BOFT (Liu et al., 2023): a product of block rotations in a butterfly. Supports linear modules only. */
final class BoftMethod implements PeftMethod {
    @Override
    public Set<String> types() {
        return Set.of("BOFT");
    }

    @Override
    public Map<String, Start> roots() {
        return Map.of("boft_R", Start.ZERO, "boft_s", Start.ONE);
    }

    @Override
    public Optional<String> kernel() {
        return Optional.of("boft.py");
    }

    @Override
    public Set<String> rowParts() {
        return Set.of("boft_s");
    }

    @Override
    public Optional<String> unsupported(BaseModule module, Map<String, AdapterTensor> parts) {
        AdapterTensor rotations = parts.get("boft_R");
        return rotations != null && rotations.shape().dimension(0) > 1
                ? Optional.of("butterfly factors, which PEFT has with its CUDA extension alone")
                : Optional.empty();
    }

    @Override
    public List<Part> parts(BaseModule module, AdapterConfig config) {
        if (!module.isLinear()) {
            return List.of();
        }
        long blocks = config.integer("boft_block_num").orElse(0);
        long size = blocks > 0
                ? module.in() / blocks
                : Math.max(1, config.integer("boft_block_size").orElse(4));
        long count = blocks > 0 ? blocks : module.in() / size;
        long factors = config.integer("boft_n_butterfly_factor").orElse(1);
        // Without its CUDA extension PEFT makes one factor, whatever the config asks for.
        return List.of(
                new Part("boft_R", List.of(Shape.of(factors, count, size, size), Shape.of(1, count, size, size)), -1),
                Part.of("boft_s", -1, module.out(), 1));
    }
}
