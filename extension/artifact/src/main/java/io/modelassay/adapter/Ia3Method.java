package io.modelassay.adapter;

import io.modelassay.adapter.BaseModule.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** IA3 (Liu et al., 2022): a factor for each output, or for each input of the modules of the feed-forward part. */
final class Ia3Method implements PeftMethod {
    @Override
    public Set<String> types() {
        return Set.of("IA3");
    }

    @Override
    public Map<String, Start> roots() {
        return Map.of("ia3_l", Start.ONE);
    }

    @Override
    public Optional<String> kernel() {
        return Optional.of("ia3.py");
    }

    @Override
    public Set<String> rowParts() {
        return Set.of("ia3_l");
    }

    @Override
    public Map<String, Double> numbers(BaseModule module, AdapterConfig config) {
        return Map.of("on_inputs", isOnInputs(module, config) ? 1.0 : 0.0);
    }

    @Override
    public boolean mergesBias(BaseModule module, AdapterConfig config) {
        return !isOnInputs(module, config);
    }

    private static boolean isOnInputs(BaseModule module, AdapterConfig config) {
        return config.feedForwardModules()
                .filter(selector -> selector.matches(module.name()))
                .isPresent();
    }

    @Override
    public List<Part> parts(BaseModule module, AdapterConfig config) {
        boolean input = isOnInputs(module, config);
        if (module.kind() == Kind.CONVOLUTION) {
            List<Long> shape = new ArrayList<>(module.weight().dimensions());
            shape.replaceAll(any -> 1L);
            shape.set(1, input ? module.in() : module.out());
            return List.of(
                    Part.of("ia3_l", -1, shape.stream().mapToLong(size -> size).toArray()));
        }
        if (!module.isLinear()) {
            return List.of();
        }
        return List.of(input ? Part.of("ia3_l", -1, 1, module.in()) : Part.of("ia3_l", -1, module.out(), 1));
    }
}
