package io.modelassay.inspection;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.quantization.QuantizationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Scales of the key and value cache. Servers look for them in the attention module or in its key and value projections;
 * transformers has no place for them and computes without.
 */
final class KvCacheScales {
    private static final Set<String> SCALES = Set.of(
            "k_scale", "v_scale", "q_scale", "kv_scale", "prob_scale", "k_zero_point", "v_zero_point", "q_zero_point");

    /** Projections by which an attention module is known. */
    private static final Set<String> PROJECTIONS =
            Set.of("q_proj", "k_proj", "v_proj", "qkv_proj", "kv_a_proj_with_mqa", "query_key_value", "Wqkv", "c_attn");

    private static final Set<String> CACHED = Set.of("k_proj", "v_proj", "qkv_proj");

    private final NavigableSet<String> names = new TreeSet<>();
    private final NavigableSet<String> misplaced = new TreeSet<>();
    private final NavigableSet<String> attention = new TreeSet<>();
    private final NavigableMap<String, Set<String>> scaled = new TreeMap<>();
    private final Optional<Declaration> declared;

    /** Where a cache is declared, and whether its scales must be stored. */
    private record Declaration(String source, String key, boolean needsScales) {}

    private KvCacheScales(Checkpoint checkpoint, List<QuantizationConfig> configs) {
        this.declared = configs.stream()
                .map(KvCacheScales::declaration)
                .flatMap(Optional::stream)
                .findFirst();
        for (TensorInfo tensor : checkpoint.tensors().values()) {
            String module = parent(tensor.name());
            if (PROJECTIONS.contains(last(module))) {
                attention.add(parent(module));
            }
            if (!configs.isEmpty() && isScale(tensor.name()) && tensor.shape().rank() <= 3) {
                names.add(tensor.name());
            }
        }
        names.removeIf(name -> attentionOf(name).isEmpty());
        for (String name : names) {
            String place = attentionOf(name).orElseThrow();
            String module = parent(name);
            if (module.equals(place) || (parent(module).equals(place) && PROJECTIONS.contains(last(module)))) {
                scaled.computeIfAbsent(place, any -> new TreeSet<>()).add(half(name));
            } else {
                misplaced.add(name);
            }
        }
    }

    /** {@code k}, {@code v} or {@code kv}, by the scale's name or its projection's. */
    private static String half(String name) {
        String scale = last(name).equals("output_scale") ? last(parent(name)) : last(name);
        return scale.substring(0, scale.indexOf('_'));
    }

    static KvCacheScales of(Checkpoint checkpoint, List<QuantizationConfig> configs) {
        return new KvCacheScales(checkpoint, configs);
    }

    /** Also {@code k_proj.output_scale}, the name before there were {@code k_scale} and {@code v_scale}. */
    private static boolean isScale(String name) {
        return SCALES.contains(last(name))
                || (last(name).equals("output_scale") && CACHED.contains(last(parent(name))));
    }

    private static Optional<Declaration> declaration(QuantizationConfig config) {
        ModelConfig values = config.values();
        if (values.isObject("kv_cache_scheme")) {
            ModelConfig scheme = values.object("kv_cache_scheme");
            boolean dynamic = scheme.isBool("dynamic") && scheme.bool("dynamic");
            return Optional.of(new Declaration(config.source(), "kv_cache_scheme", !dynamic));
        }
        if (values.isString("kv_cache_scheme")) {
            return Optional.of(new Declaration(config.source(), "kv_cache_scheme", true));
        }
        // ModelOpt leaves the scales out where they are 1.
        return values.isString("kv_cache_quant_algo")
                ? Optional.of(new Declaration(config.source(), "kv_cache_quant_algo", false))
                : Optional.empty();
    }

    /** The attention module that {@code name} lies in or below, or the one that lies below its own module. */
    private Optional<String> attentionOf(String name) {
        for (String module = parent(name); !module.isEmpty(); module = parent(module)) {
            if (attention.contains(module)) {
                return Optional.of(module);
            }
        }
        String below = parent(name) + ".";
        return Optional.ofNullable(attention.ceiling(below)).filter(module -> module.startsWith(below));
    }

    private static String parent(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(0, dot);
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /** Stored tensors that are scales of the cache. */
    Set<String> names() {
        return names;
    }

    List<Finding> findings() {
        List<Finding> findings = new ArrayList<>();
        NavigableSet<String> without = without();
        if (!misplaced.isEmpty()) {
            String first = misplaced.first();
            String wanted = attentionOf(first).orElseThrow() + "." + last(first);
            findings.add(new Finding(
                    "kv-scale-misplaced",
                    Severity.WARNING,
                    first,
                    misplaced.size() + " scales of the key and value cache lie where no loader looks: "
                            + NameGroup.summary(misplaced) + "; servers look for " + wanted
                            + " and compute with a scale of 1",
                    "rename them, as " + first + " to " + wanted));
        } else if (!without.isEmpty()) {
            findings.add(new Finding(
                    "kv-scale-missing",
                    Severity.WARNING,
                    without.first(),
                    declared.map(asked -> asked.key() + " in " + asked.source() + " asks for scales")
                                    .orElse("Scales are stored")
                            + " of the key and value cache, and " + without.size() + " of " + attention.size()
                            + " attention modules lack them: " + NameGroup.summary(without)
                            + "; servers compute with a scale of 1",
                    "calibrate the cache again and save the scales of every layer, or none and no declaration"));
        }
        if (!names.isEmpty() && misplaced.isEmpty()) {
            findings.add(new Finding(
                    "kv-scales-for-servers",
                    Severity.INFO,
                    names.first(),
                    names.size() + " scales of the key and value cache are stored; servers use them, transformers calls"
                            + " them unexpected and computes without",
                    "nothing needs doing"));
        }
        return findings;
    }

    /** Attention modules without a key's or a value's scale: of kinds that have some, or all where they are declared. */
    private NavigableSet<String> without() {
        NavigableSet<String> without = new TreeSet<>(attention);
        without.removeIf(module -> {
            Set<String> halves = scaled.getOrDefault(module, Set.of());
            return halves.contains("kv") || halves.containsAll(Set.of("k", "v"));
        });
        if (scaled.isEmpty()) {
            return declared.filter(Declaration::needsScales).isPresent() ? without : new TreeSet<>();
        }
        Set<String> kinds = new TreeSet<>();
        scaled.keySet().forEach(module -> kinds.add(PrecisionGroup.pattern(module)));
        without.removeIf(module -> !kinds.contains(PrecisionGroup.pattern(module)));
        return without;
    }
}
