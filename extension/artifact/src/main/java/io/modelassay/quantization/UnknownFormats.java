package io.modelassay.quantization;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Recognises that weights are quantized in a format that no scheme reads: the config declares a method without a scheme, or
 * codes stand in the place of weights and no scheme explains them. Metadata, side files and names of parts only give the
 * format its name; alone they decide nothing, since a float model may carry them too.
 */
final class UnknownFormats {
    /** Names of parts, or the ends of such names, that one library alone writes. */
    private static final Map<String, String> BY_PART = Map.ofEntries(
            Map.entry("_data", "optimum-quanto"),
            Map.entry("_weight_qdata", "torchao"),
            Map.entry("trellis", "EXL3"),
            Map.entry("q_invperm", "EXL2"),
            Map.entry("q_scale_max", "EXL2"),
            Map.entry("codebooks", "AQLM"),
            Map.entry("centroids.weight", "VPTQ"),
            Map.entry("dense_weights", "SpQR"),
            Map.entry("scale_weight", "scaled FP8"));

    private static final String QUANTO_MAP = "quanto_qmap.json";

    private final Checkpoint checkpoint;
    private final List<QuantizationConfig> configs;
    private final Collection<Scheme> schemes;

    UnknownFormats(Checkpoint checkpoint, List<QuantizationConfig> configs, Collection<Scheme> schemes) {
        this.checkpoint = checkpoint;
        this.configs = configs;
        this.schemes = schemes;
    }

    /** The declared method, where there is one that no scheme reads; a misspelled one is not unknown. */
    Optional<UnknownFormat> declared() {
        if (configs.isEmpty()) {
            return Optional.empty();
        }
        QuantizationConfig config = configs.get(0);
        String method = config.method();
        boolean known = method.isEmpty()
                || schemes.stream()
                        .flatMap(scheme -> scheme.methods().stream())
                        .anyMatch(other -> bare(other).equals(bare(method)));
        return known
                ? Optional.empty()
                : Optional.of(new UnknownFormat(
                        SchemeReading.quote(method),
                        config.source(),
                        "quant_method " + SchemeReading.quote(method) + " in " + config.source()));
    }

    /** {@code intel/auto-round}, {@code compressed_tensors} and {@code GPTQ} mean what they would without these marks. */
    private static String bare(String method) {
        return method.substring(method.lastIndexOf('/') + 1)
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9]", "");
    }

    /** Codes in the place of weights, where no scheme recognised any module. */
    Optional<UnknownFormat> unrecognised(@Nullable ModelPlan plan) {
        String method = configs.isEmpty() ? "" : configs.get(0).method();
        List<Scheme> declared = schemes.stream()
                .filter(scheme -> scheme.methods().contains(method))
                .toList();
        return stored(plan, parts -> declared.isEmpty() || isForeign(parts, declared));
    }

    /** Codes that no scheme knows, where schemes recognised modules by some part and could read none of them. */
    Optional<UnknownFormat> unread(@Nullable ModelPlan plan) {
        return stored(
                plan,
                parts -> parts.entrySet().stream()
                        .anyMatch(part -> PackedModules.isCode(part.getValue()) && !isPartOf(part.getKey(), schemes)));
    }

    /** The same beside {@code recognised} modules, where no architecture tells what else should be there. */
    Optional<UnknownFormat> beside(Set<String> recognised) {
        List<PackedModule> packed = new PackedModules(null, parts -> true)
                .of(checkpoint.tensors()).stream()
                        .filter(module -> !recognised.contains(module.module()))
                        .toList();
        return packed.isEmpty() ? Optional.empty() : Optional.of(named(packed));
    }

    private Optional<UnknownFormat> stored(
            @Nullable ModelPlan plan, Predicate<NavigableMap<String, TensorInfo>> foreign) {
        List<PackedModule> packed = new PackedModules(plan, foreign).of(checkpoint.tensors());
        return packed.isEmpty() ? Optional.empty() : Optional.of(named(packed));
    }

    /**
     * Under a known method a module may just be damaged. Parts that the method never writes show another format, and so do
     * the marks of a scheme that did not recognise them.
     */
    private static boolean isForeign(NavigableMap<String, TensorInfo> parts, Collection<Scheme> declared) {
        return parts.keySet().stream()
                .anyMatch(part -> !isPartOf(part, declared)
                        || declared.stream().anyMatch(scheme -> scheme.markers().contains(part)));
    }

    private static boolean isPartOf(String part, Collection<Scheme> schemes) {
        return part.equals("weight")
                || part.equals("bias")
                || schemes.stream().anyMatch(scheme -> scheme.parts().contains(part));
    }

    private UnknownFormat named(List<PackedModule> packed) {
        PackedModule first = packed.get(0);
        String stored = packed.size() + (packed.size() == 1 ? " module" : " modules") + ", first " + first.module()
                + " with " + first.inWords();
        if (checkpoint.companionFile(QUANTO_MAP).isPresent()) {
            return new UnknownFormat("optimum-quanto", QUANTO_MAP, QUANTO_MAP + "; " + stored);
        }
        if ("mlx".equals(checkpoint.metadata().get("format"))
                || (checkpoint.config().exists()
                        && checkpoint.config().optionalObject("quantization").isPresent())) {
            return new UnknownFormat(
                    "MLX",
                    "config.json",
                    (checkpoint.config().optionalObject("quantization").isPresent()
                                    ? "\"quantization\" in config.json"
                                    : "format \"mlx\" in the files' metadata")
                            + "; " + stored);
        }
        if (first.parts().containsKey("scales") && first.parts().containsKey("biases")) {
            return new UnknownFormat(
                    "MLX", first.parts().firstEntry().getValue().name(), stored);
        }
        for (TensorInfo part : first.parts().values()) {
            for (Map.Entry<String, String> known : BY_PART.entrySet()) {
                if (part.name().endsWith("." + known.getKey())) {
                    return new UnknownFormat(known.getValue(), part.name(), stored);
                }
            }
        }
        String declared = configs.isEmpty() ? "" : configs.get(0).method();
        return new UnknownFormat(
                declared.isEmpty() ? "" : "of these tensors, though declared as " + declared + ",",
                first.parts().firstEntry().getValue().name(),
                stored);
    }
}
