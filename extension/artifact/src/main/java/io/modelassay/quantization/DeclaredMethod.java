package io.modelassay.quantization;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Stream;

/** {@code quant_method} against how the modules are stored, and against how the loaders spell it. */
final class DeclaredMethod {
    private DeclaredMethod() {}

    /** What is wrong with the method that {@code config} declares for these {@code modules}. */
    static List<Finding> findings(
            QuantizationConfig config, SortedMap<String, Scheme> modules, Collection<PackedWeight> weights) {
        if (modules.isEmpty() || config.method().isEmpty()) {
            return List.of();
        }
        List<String> others = modules.entrySet().stream()
                .filter(entry -> !entry.getValue().methods().contains(config.method()))
                .map(Map.Entry::getKey)
                .toList();
        if (others.isEmpty()) {
            return spelling(config, modules.size()).stream().toList();
        }
        return Stream.of(new Finding(
                        "quantization-method-disagrees",
                        Severity.ERROR,
                        config.source(),
                        config.source() + " declares quant_method \"" + config.method() + "\", but " + others.size()
                                + " modules are stored in another way, first " + others.get(0)
                                + weights.stream()
                                        .filter(weight -> weight.module().equals(others.get(0)))
                                        .findFirst()
                                        .map(weight -> " as " + weight.format())
                                        .orElse(""),
                        "use the config that belongs to these tensors"))
                .toList();
    }

    /**
     * transformers 5.24 looks the method up as it is written. Where it finds none it warns, skips the quantization and
     * makes the weights up. Only config.json is looked at, and of bitsandbytes only its flags.
     */
    private static Optional<Finding> spelling(QuantizationConfig config, int modules) {
        String key = "quant_method";
        boolean byFlag = Stream.of("load_in_4bit", "load_in_8bit")
                .anyMatch(
                        flag -> config.values().isBool(flag) && config.values().bool(flag));
        if (!config.source().equals("config.json") || !config.values().isString(key) || byFlag) {
            return Optional.empty();
        }
        String written = config.values().string(key);
        return !written.equalsIgnoreCase(config.method()) || written.equals(config.method())
                ? Optional.empty()
                : Optional.of(new Finding(
                        "quantization-method-misspelled",
                        Severity.ERROR,
                        config.source(),
                        config.source() + " declares " + key + " " + SchemeReading.quote(written)
                                + ", and transformers knows only " + SchemeReading.quote(config.method())
                                + ": it warns of an unknown quantization type, skips the quantization and initializes"
                                + " the weights of " + modules + " modules at random; vLLM reads it in lower case",
                        "write " + SchemeReading.quote(config.method())));
    }
}
