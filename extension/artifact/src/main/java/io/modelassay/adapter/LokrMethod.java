package io.modelassay.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** LoKr (Edalati et al., 2022): a Kronecker product, its factors whole or low-rank. Supports linear modules only. */
final class LokrMethod implements PeftMethod {
    @Override
    public Set<String> types() {
        return Set.of("LOKR");
    }

    @Override
    public Map<String, Start> roots() {
        return Map.of(
                "lokr_w1", Start.ZERO,
                "lokr_w1_a", Start.ZERO,
                "lokr_w1_b", Start.ANYWHERE,
                "lokr_w2", Start.ANYWHERE,
                "lokr_w2_a", Start.ANYWHERE,
                "lokr_w2_b", Start.ANYWHERE);
    }

    @Override
    public Map<String, Integer> rankAxes() {
        return Map.of("lokr_w1_b", 0, "lokr_w2_b", 0);
    }

    @Override
    public Optional<String> kernel() {
        return Optional.of("lokr.py");
    }

    @Override
    public Map<String, Double> numbers(BaseModule module, AdapterConfig config) {
        return Map.of("scaling", config.alpha(module.name()) / config.rank(module.name()));
    }

    /** The head is computed in slices of rows, which a Kronecker product does not have. */
    @Override
    public Optional<String> unsupported(BaseModule module, Map<String, AdapterTensor> parts) {
        return module.kind() == BaseModule.Kind.HEAD ? Optional.of("LoKr on the head") : Optional.empty();
    }

    @Override
    public Set<String> factors() {
        return Set.of("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b");
    }

    @Override
    public List<Part> parts(BaseModule module, AdapterConfig config) {
        if (!module.isLinear()) {
            return List.of();
        }
        long rank = config.rank(module.name());
        long factor = config.integer("decompose_factor").orElse(-1);
        long[] in = factors(module.in(), factor);
        long[] out = factors(module.out(), factor);
        boolean decomposeBoth = config.json().bool("decompose_both", false);
        List<Part> parts = new ArrayList<>();
        add(parts, "lokr_w1", out[0], in[0], rank, decomposeBoth);
        add(parts, "lokr_w2", out[1], in[1], rank, true);
        return parts;
    }

    /** A factor is low-rank where the rank is less than half its longer side. */
    private static void add(List<Part> parts, String name, long rows, long columns, long rank, boolean mayDecompose) {
        if (mayDecompose && 2 * rank < Math.max(rows, columns)) {
            parts.add(Part.of(name + "_a", 1, rows, rank));
            parts.add(Part.of(name + "_b", 0, rank, columns));
        } else {
            parts.add(Part.of(name, -1, rows, columns));
        }
    }

    /** As PEFT's {@code factorization}: two factors of {@code size}, the first at most {@code factor}, close to each other. */
    static long[] factors(long size, long factor) {
        if (factor > 0 && size % factor == 0) {
            return new long[] {factor, size / factor};
        }
        long most = factor == -1 ? size : factor;
        long small = 1;
        long large = size;
        long length = small + large;
        while (small < large) {
            long next = small + 1;
            while (size % next != 0) {
                next++;
            }
            if (next + size / next > length || next > most) {
                break;
            }
            small = next;
            large = size / next;
        }
        return small > large ? new long[] {large, small} : new long[] {small, large};
    }
}
