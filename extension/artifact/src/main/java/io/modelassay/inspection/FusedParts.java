package io.modelassay.inspection;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StorageFormat;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Modules that vLLM and SGLang join into one matrix, which must then be stored alike: query, key and value; gate and up.
 * transformers keeps them apart and loads any mixture.
 */
final class FusedParts {
    private static final List<List<String>> FUSED =
            List.of(List.of("q_proj", "k_proj", "v_proj"), List.of("gate_proj", "up_proj"), List.of("w1", "w3"));

    /** Methods whose artifacts are made for servers; the others' own libraries keep the modules apart. */
    private static final Set<String> FOR_SERVERS = Set.of("compressed-tensors", "fp8", "fbgemm_fp8", "modelopt");

    private final Set<String> stored;
    private final StoredQuantization quantization;

    private FusedParts(Set<String> stored, StoredQuantization quantization) {
        this.stored = stored;
        this.quantization = quantization;
    }

    /** The finding, if any, about {@code modules}, which have a weight in whatever form. */
    static List<Finding> findings(Set<String> modules, StoredQuantization quantization) {
        return new FusedParts(modules, quantization).findings();
    }

    private List<Finding> findings() {
        TreeMap<String, String> mixed = new TreeMap<>();
        for (String module : stored) {
            int dot = module.lastIndexOf('.');
            for (List<String> parts : FUSED) {
                if (dot > 0 && module.substring(dot + 1).equals(parts.get(0))) {
                    mixture(module.substring(0, dot + 1), parts).ifPresent(words -> mixed.put(module, words));
                }
            }
        }
        if (mixed.isEmpty()) {
            return List.of();
        }
        boolean forServers = quantization.configs().stream()
                .findFirst()
                .map(config -> FOR_SERVERS.contains(config.method()))
                .orElse(false);
        return List.of(new Finding(
                "fused-parts-differ",
                forServers ? Severity.WARNING : Severity.INFO,
                mixed.firstKey(),
                "Servers such as vLLM and SGLang join these modules into one matrix and refuse or misread parts that are"
                        + " stored in different ways: " + mixed.firstEntry().getValue()
                        + (mixed.size() > 1 ? ", and alike in " + (mixed.size() - 1) + " more" : "")
                        + "; transformers loads them",
                "store them alike: all quantized in the same way, or none"));
    }

    /** How the parts below {@code prefix} are stored, where that differs; parts that are wrongly declared are told elsewhere. */
    private Optional<String> mixture(String prefix, List<String> parts) {
        Set<String> ways = new LinkedHashSet<>();
        List<String> words = new ArrayList<>();
        for (String part : parts) {
            String module = prefix + part;
            if (stored.contains(module)) {
                if (quantization.unpacked().contains(module)) {
                    return Optional.empty();
                }
                Optional<StorageFormat> format =
                        quantization.find(module + ".weight").map(PackedWeight::format);
                if (format.isEmpty() && quantization.modules().contains(module)) {
                    return Optional.empty();
                }
                ways.add(format.map(way -> way.scheme() + way.bits() + "g" + way.groupSize())
                        .orElse(""));
                words.add(module + " " + format.map(StorageFormat::label).orElse("in full precision"));
            }
        }
        return ways.size() > 1 ? Optional.of(String.join(", ", words)) : Optional.empty();
    }

    /** Modules of {@code names} that have a weight, quantized or not. */
    static Set<String> modules(Set<String> names, StoredQuantization quantization) {
        Set<String> modules = new TreeSet<>(quantization.modules());
        names.stream()
                .filter(name -> name.endsWith(".weight"))
                .forEach(name -> modules.add(name.substring(0, name.length() - ".weight".length())));
        return modules;
    }
}
