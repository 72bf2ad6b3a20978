package io.modelassay.diagnosis;

import io.modelassay.runtime.Activations;
import io.modelassay.runtime.Decoder.OperationProbe;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Follows a forward pass up to its first non-finite value: the largest magnitude of each operation. */
final class RangeProbe implements OperationProbe<Place> {
    /** The module that gives the logits, also where its weight is the embedding's. */
    private static final String HEAD = "lm_head";

    private final LanguageModel model;
    private final Kernels kernels;
    private final List<int[]> windows;
    private final Map<String, OperationRange> ranges = new LinkedHashMap<>();
    private @Nullable Place beyondHalf;

    RangeProbe(LanguageModel model, Kernels kernels, List<int[]> windows) {
        this.model = model;
        this.kernels = kernels;
        this.windows = windows;
    }

    @Override
    public Optional<Place> look(String module, Activations.Batch results) {
        try (Tensor extremes = kernels.call("extremes", results.hidden())) {
            double[] found = kernels.doubles(extremes);
            ranges.merge(
                    module,
                    new OperationRange(layer(module), found[0], place(module, results, found, 1)),
                    OperationRange::larger);
            if (found[4] > 0 && beyondHalf == null) {
                beyondHalf = place(module, results, found, 5);
            }
            if (found[8] > 0) {
                return Optional.of(place(module, results, found, 9));
            }
        }
        return model.plan().decoder().finalNorm().startsWith(module + ".") ? logits(results) : Optional.empty();
    }

    private Optional<Place> logits(Activations.Batch results) {
        long[] found = model.head().nonFinite(results);
        return found[0] == 0
                ? Optional.empty()
                : Optional.of(place(HEAD, results, new double[] {found[1], found[2], found[3]}, 0));
    }

    private Place place(String module, Activations.Batch results, double[] figures, int at) {
        int[] window = results.windows().get((int) figures[at]);
        int position = (int) figures[at + 1];
        return new Place(module, windows.indexOf(window), position, window[position], (long) figures[at + 2]);
    }

    private int layer(String module) {
        List<String> layers = model.plan().decoder().layers();
        for (int i = 0; i < layers.size(); i++) {
            if (module.equals(layers.get(i)) || module.startsWith(layers.get(i) + ".")) {
                return i;
            }
        }
        return -1;
    }

    List<OperationRange> ranges() {
        return new ArrayList<>(ranges.values());
    }

    Optional<Place> beyondHalf() {
        return Optional.ofNullable(beyondHalf);
    }
}
