package io.modelassay.runtime;

import io.modelassay.architecture.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apiguardian.api.API;

/** Every tensor of a short forward pass as a {@link TensorSketch}. */
@API(status = API.Status.INTERNAL)
public final class ForwardSketch {
    /** Positions of a window that the pass sees. */
    private static final int POSITIONS = 64;

    /** Signed sums of a sketch: the distance of two is known to about a sixth of itself. */
    private static final int SUMS = 16;

    private ForwardSketch() {}

    /**
     * What {@code model} makes of the first positions of {@code window}: the outputs of its modules in the order of
     * computation, each linear module's weight before its output.
     */
    public static List<TensorSketch> of(LanguageModel model, int[] window, Progress progress) {
        Kernels kernels = Kernels.shared(model.engine(), "sketch.py");
        Map<String, Parameter> weights = new HashMap<>();
        model.plan().parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.LINEAR)
                .forEach(parameter -> weights.put(parameter.module(), parameter));
        List<TensorSketch> sketches = new ArrayList<>();
        model.decoder()
                .trace(
                        List.of(Arrays.copyOf(window, Math.min(window.length, POSITIONS))),
                        (module, results) -> {
                            Parameter weight = weights.get(module);
                            if (weight != null) {
                                try (Tensor decoded = model.weights().load(weight, model.dtype())) {
                                    sketches.add(sketch(kernels, weight.name(), TensorSketch.Kind.WEIGHT, decoded));
                                }
                            }
                            sketches.add(sketch(kernels, module, TensorSketch.Kind.OUTPUT, results.hidden()));
                            return Optional.empty();
                        },
                        progress);
        return List.copyOf(sketches);
    }

    private static TensorSketch sketch(Kernels kernels, String name, TensorSketch.Kind kind, Tensor values) {
        try (Tensor numbers = kernels.call("sketch", values, SUMS)) {
            double[] all = kernels.doubles(numbers);
            return new TensorSketch(
                    name,
                    kind,
                    values.shape().dimensions(),
                    all[0],
                    all[1],
                    Arrays.stream(all).skip(2).boxed().toList());
        }
    }
}
