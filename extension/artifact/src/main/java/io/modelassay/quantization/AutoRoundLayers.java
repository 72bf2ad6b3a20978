package io.modelassay.quantization;

import io.modelassay.checkpoint.ModelConfig;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * {@code extra_config} of AutoRound: what single modules have instead of the general settings. A key is the name of a module,
 * or a pattern that is found anywhere in it; names go over patterns. 16 bits and more mean that the module is not quantized.
 */
final class AutoRoundLayers {
    private static final String KEY = "extra_config";
    private static final String PATTERN_MARKS = "*+?^$()[]{}|\\";
    private static final long FULL_PRECISION = 16;

    private AutoRoundLayers() {}

    /** Whether a key is a pattern; a dot alone makes none. */
    static boolean isPattern(String key) {
        return key.chars().anyMatch(c -> PATTERN_MARKS.indexOf(c) >= 0);
    }

    /** Keys of modules that stay in full precision. */
    static List<String> unquantized(QuantizationConfig config) {
        Optional<ModelConfig> extra = config.values().optionalObject(KEY);
        return extra.map(ModelConfig::keysInFileOrder).orElse(List.of()).stream()
                .filter(key ->
                        extra.get().isObject(key) && isFullPrecision(extra.get().object(key)))
                .toList();
    }

    /** An entry of {@code extra_config} is a name or a pattern; one of a list means what it means to transformers. */
    static Optional<Predicate<String>> exclusion(String entry, String key, QuantizationConfig config) {
        return isPattern(entry) ? Optional.of(config.patterns().compile(entry, key)::find) : Optional.empty();
    }

    private static boolean isFullPrecision(ModelConfig settings) {
        if (settings.isNumber("bits")) {
            return settings.optionalInteger("bits").orElse(0) >= FULL_PRECISION;
        }
        return settings.isString("data_type") && settings.string("data_type").startsWith("fl");
    }

    /** Bits and group size that {@code extra_config} gives {@code module} over the general ones. */
    static Scheme.Declared declared(String module, QuantizationConfig config) {
        Optional<ModelConfig> extra = config.values().optionalObject(KEY);
        Optional<ModelConfig> own = extra.flatMap(all -> all.isObject(module)
                ? Optional.of(all.object(module))
                : all.keysInFileOrder().stream()
                        .filter(key -> isPattern(key)
                                && all.isObject(key)
                                && config.patterns().compile(key, KEY).find(module))
                        .findFirst()
                        .map(all::object));
        return new Scheme.Declared(
                own.map(settings -> integer(settings, "bits"))
                        .filter(OptionalLong::isPresent)
                        .orElse(config.bits()),
                own.map(settings -> integer(settings, "group_size"))
                        .filter(OptionalLong::isPresent)
                        .orElse(config.groupSize()));
    }

    private static OptionalLong integer(ModelConfig settings, String key) {
        return settings.isNumber(key) ? settings.optionalInteger(key) : OptionalLong.empty();
    }
}
