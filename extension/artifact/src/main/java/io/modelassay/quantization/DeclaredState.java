package io.modelassay.quantization;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** Single keys of a quantization's config that make loaders fail or compute otherwise, though all tensors are right. */
final class DeclaredState {
    /** States before the weights are packed. compressed-tensors then takes the tensors as they are. */
    private static final Set<String> UNFINISHED = Set.of("initialized", "calibration");

    private final QuantizationConfig config;
    private final Collection<PackedWeight> weights;
    private final List<Finding> findings = new ArrayList<>();

    private DeclaredState(QuantizationConfig config, Collection<PackedWeight> weights) {
        this.config = config;
        this.weights = weights;
    }

    /** What is wrong in {@code config}, by which {@code weights} are stored. */
    static List<Finding> findings(QuantizationConfig config, Collection<PackedWeight> weights) {
        DeclaredState state = new DeclaredState(config, weights);
        if (!weights.isEmpty()) {
            state.method();
            if (config.method().equals("compressed-tensors")) {
                state.status();
                state.symmetry();
            }
        }
        return state.findings;
    }

    private void add(String id, String message, String nextStep) {
        findings.add(new Finding(id, Severity.ERROR, config.source(), message, nextStep));
    }

    private void method() {
        boolean told = config.values().has("quant_method")
                || config.values().has("load_in_4bit")
                || config.values().has("load_in_8bit");
        if (config.source().equals("config.json") && !told) {
            add(
                    "quantization-method-missing",
                    "The quantization_config has no quant_method: transformers raises ValueError",
                    "add the quant_method of the tool that quantized the model");
        }
    }

    private void status() {
        String status = config.text("quantization_status");
        if (UNFINISHED.contains(status)) {
            add(
                    "quantization-status-disagrees",
                    config.source() + " declares quantization_status \"" + status + "\", and the weights are stored"
                            + " compressed: compressed-tensors does not decompress them, and raises or computes nonsense",
                    "set quantization_status to compressed");
        }
    }

    private void symmetry() {
        List<String> shifted = weights.stream()
                .filter(weight -> weight.parts().containsKey("packed_zero_point"))
                .map(PackedWeight::module)
                .filter(module -> DeclaredGroups.find(module, config)
                        .map(DeclaredGroups.Weights::symmetric)
                        .orElse(false))
                .toList();
        if (!shifted.isEmpty()) {
            add(
                    "symmetry-disagrees",
                    config.source() + " declares symmetric weights, and " + shifted.size()
                            + (shifted.size() == 1 ? " module stores" : " modules store") + " zero points, first "
                            + shifted.get(0) + ": a loader ignores them and shifts the weights",
                    "set symmetric to false, as the tensors are");
        }
    }
}
