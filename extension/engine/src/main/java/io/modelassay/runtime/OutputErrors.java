package io.modelassay.runtime;

import io.modelassay.architecture.Parameter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * How much each linear module's output changes when its weight is replaced, with the inputs that the reference gives it:
 * {@code |x (W' - W)^T| / |x W^T|} in Frobenius norms. Unlike the error of a layer's output it does not carry what came
 * before, so it tells which module to keep in full precision.
 */
@API(status = API.Status.INTERNAL)
public final class OutputErrors {
    /**
     * One module's error.
     *
     * @param module the module
     * @param error relative error of its output
     */
    public record ModuleError(String module, double error) {}

    private OutputErrors() {}

    /** Errors of all linear modules whose weights differ in {@code subject}, largest first. */
    public static List<ModuleError> of(LanguageModel reference, LanguageModel subject, int[] window) {
        Kernels kernels = Kernels.shared(reference.engine(), "activations.py");
        Map<String, String> inputs = reference.decoder().moduleInputs();
        Map<String, Tensor> seen = new HashMap<>();
        List<ModuleError> errors = new ArrayList<>();
        try {
            reference
                    .decoder()
                    .trace(
                            List.of(window),
                            (module, results) -> {
                                Tensor before = seen.put(module, kernels.call("same", results.hidden()));
                                if (before != null) {
                                    before.close();
                                }
                                error(reference, subject, kernels, module, inputs, seen)
                                        .ifPresent(errors::add);
                                return Optional.empty();
                            },
                            Progress.SILENT);
        } finally {
            seen.values().forEach(Tensor::close);
        }
        errors.sort(Comparator.comparingDouble(ModuleError::error).reversed().thenComparing(ModuleError::module));
        return errors;
    }

    private static Optional<ModuleError> error(
            LanguageModel reference,
            LanguageModel subject,
            Kernels kernels,
            String module,
            Map<String, String> inputs,
            Map<String, Tensor> seen) {
        Optional<String> layer = reference.plan().decoder().layers().stream()
                .filter(name -> module.startsWith(name + "."))
                .findFirst();
        Optional<Parameter> weight = reference.plan().parameter(module + ".weight");
        String input = layer.map(name -> inputs.get(module.substring(name.length() + 1)))
                .map(name -> layer.get() + "." + name)
                .orElse("");
        Tensor x = seen.get(input);
        if (x == null || weight.isEmpty()) {
            return Optional.empty();
        }
        try (Tensor full = reference.weights().load(weight.get(), reference.dtype());
                Tensor other = subject.weights().load(weight.get(), reference.dtype());
                Tensor error = kernels.call("output_error", x, full, other)) {
            return Optional.of(new ModuleError(module, kernels.doubles(error)[0]));
        }
    }
}
