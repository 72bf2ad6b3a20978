package io.modelassay.runtime;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** Whether weights that a pass uses more than once have the same bits every time. */
final class Fingerprints {
    private final Kernels kernels;
    private final Map<String, long[]> first = new HashMap<>();
    private final SortedSet<String> changed = new TreeSet<>();

    Fingerprints(Kernels kernels) {
        this.kernels = kernels;
    }

    void see(String name, Tensor weight) {
        try (Tensor sums = kernels.call("fingerprint", weight)) {
            long[] seen = kernels.longs(sums);
            long[] before = first.putIfAbsent(name, seen);
            if (before != null && !Arrays.equals(before, seen)) {
                changed.add(name);
            }
        }
    }

    SortedSet<String> changed() {
        return changed;
    }
}
