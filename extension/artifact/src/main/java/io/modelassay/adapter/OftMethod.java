package io.modelassay.adapter;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** OFT (Qiu et al., 2023): rotations of blocks of the input. Supports linear modules only. */
final class OftMethod implements PeftMethod {
    @Override
    public Set<String> types() {
        return Set.of("OFT");
    }

    @Override
    public Map<String, Start> roots() {
        return Map.of("oft_R", Start.ZERO);
    }

    @Override
    public Optional<String> kernel() {
        return Optional.of("oft.py");
    }

    @Override
    public Map<String, Double> numbers(BaseModule module, AdapterConfig config) {
        boolean series = config.json().bool("use_cayley_neumann", true);
        double terms = config.integer("num_cayley_neumann_terms").orElse(5);
        boolean constrained = config.json().bool("coft", false);
        double eps = config.json().number("eps", 6e-5);
        long[] blocks = blocks(module, config);
        return Map.of(
                "size",
                (double) blocks[1],
                "limit",
                constrained ? eps / Math.sqrt(isShared(config) ? 1.0 : (double) blocks[0]) : -1.0,
                "terms",
                series ? terms : 0.0);
    }

    @Override
    public List<Part> parts(BaseModule module, AdapterConfig config) {
        if (!module.isLinear()) {
            return List.of();
        }
        long[] blocks = blocks(module, config);
        return List.of(Part.of("oft_R.weight", -1, isShared(config) ? 1 : blocks[0], blocks[1] * (blocks[1] - 1) / 2));
    }

    private static boolean isShared(AdapterConfig config) {
        return config.json().bool("block_share", false);
    }

    /** Number of blocks and their size. */
    private static long[] blocks(BaseModule module, AdapterConfig config) {
        long in = module.in();
        long blocks = config.integer("r").orElse(0);
        long size = config.integer("oft_block_size").orElse(blocks > 0 ? 0 : 32);
        if (blocks > 0) {
            blocks = adjusted(in, blocks);
            size = in / blocks;
        } else {
            size = adjusted(in, Math.max(1, size));
            blocks = in / size;
        }
        return new long[] {blocks, size};
    }

    /** The divisor of {@code in} nearest to {@code wanted}, the smaller of two. */
    private static long adjusted(long in, long wanted) {
        for (long distance = 0; distance < in; distance++) {
            if (wanted - distance > 0 && in % (wanted - distance) == 0) {
                return wanted - distance;
            }
            if (wanted + distance <= in && in % (wanted + distance) == 0) {
                return wanted + distance;
            }
        }
        return in;
    }
}
