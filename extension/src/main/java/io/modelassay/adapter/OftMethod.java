package io.modelassay.adapter;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** OFT (Qiu et al., 2023): rotations of blocks of the input. Of linear modules. */
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
    public List<Part> parts(BaseModule module, AdapterConfig config) {
        if (!module.isLinear()) {
            return List.of();
        }
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
        boolean shared = config.json().bool("block_share", false);
        return List.of(Part.of("oft_R.weight", -1, shared ? 1 : blocks, size * (size - 1) / 2));
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
