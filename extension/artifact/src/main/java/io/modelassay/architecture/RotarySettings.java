package io.modelassay.architecture;

import io.modelassay.checkpoint.ModelConfig;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The rotary settings of a config as transformers 5 standardizes them: {@code rope_scaling} takes the place of
 * {@code rope_parameters} as a whole, settings inside that object come before those beside it, and
 * {@code original_max_position_embeddings} beside it comes before the one inside. transformers 4 knows no
 * {@code rope_parameters}.
 */
final class RotarySettings {
    static final String PARAMETERS = "rope_parameters";
    static final String SCALING = "rope_scaling";
    static final String THETA = "rope_theta";

    private static final String TYPE = "rope_type";
    private static final String OLD_TYPE = "type";
    private static final String PARTIAL = "partial_rotary_factor";
    private static final String ORIGINAL = "original_max_position_embeddings";

    private final ModelConfig config;
    private final ModelConfig chosen;

    private RotarySettings(ModelConfig config, ModelConfig chosen) {
        this.config = config;
        this.chosen = chosen;
    }

    /**
     * The settings of {@code config}.
     *
     * @param layerTypes the layer types that the family reads; settings nested under one of them are refused
     */
    static RotarySettings of(ModelConfig config, Collection<String> layerTypes) {
        Optional<ModelConfig> scaling =
                config.optionalObject(SCALING).filter(object -> !object.keys().isEmpty());
        String key = scaling.isPresent() ? SCALING : PARAMETERS;
        ModelConfig chosen = scaling.or(() -> config.optionalObject(PARAMETERS))
                .orElseGet(() -> ModelConfig.parse(config.file().toString(), "{}"));
        if (chosen.keys().stream().anyMatch(layerTypes::contains)) {
            throw UnsupportedArchitectureException.refusedEverywhere(
                    config, key, "this family takes one rotary embedding for all layers, none for each type of layer");
        }
        return new RotarySettings(config, chosen);
    }

    /** The base, {@code fallback} where no key gives one. */
    double theta(double fallback) {
        ModelConfig holder = chosen.keys().contains(THETA) ? chosen : config;
        return holder.keys().contains(THETA) ? positive(holder, THETA) : fallback;
    }

    String type() {
        String key = chosen.keys().contains(TYPE) ? TYPE : OLD_TYPE;
        if (chosen.isNull(key)) {
            throw chosen.outOfRange(key, "the name of a type");
        }
        return chosen.string(key, "default");
    }

    /** Part of a head that turns. */
    double part() {
        if (chosen.keys().contains(PARTIAL)) {
            return finite(chosen, PARTIAL);
        }
        return config.has(PARTIAL) ? finite(config, PARTIAL) : 1;
    }

    /** That the value of {@code partial_rotary_factor} can't be used, for the caller to throw. */
    UnsupportedArchitectureException partRefused(String why) {
        return UnsupportedArchitectureException.refusedEverywhere(
                chosen.keys().contains(PARTIAL) ? chosen : config, PARTIAL, why);
    }

    /** That the type is none that can be computed, for the caller to throw. */
    UnsupportedArchitectureException typeRefused(String why) {
        return UnsupportedArchitectureException.refusedEverywhere(
                chosen, chosen.keys().contains(TYPE) ? TYPE : OLD_TYPE, why);
    }

    /** Positions that the model was trained on before its context was extended. */
    double originalPositions(int maxPositions) {
        if (config.keys().contains(ORIGINAL)) {
            return positive(config, ORIGINAL);
        }
        return chosen.keys().contains(ORIGINAL) ? positive(chosen, ORIGINAL) : maxPositions;
    }

    /** A number above 0 that the type requires. */
    double positive(String key) {
        return positive(chosen, key);
    }

    /** A finite number that the type requires, other than 0. */
    double nonZero(String key) {
        double value = finite(chosen, key);
        if (value == 0) {
            throw chosen.outOfRange(key, "a number other than 0");
        }
        return value;
    }

    /** A number above 0, or nothing where the key is absent or null. */
    OptionalDouble optionalPositive(String key) {
        return chosen.has(key) ? OptionalDouble.of(positive(chosen, key)) : OptionalDouble.empty();
    }

    /** A finite number, or nothing where the key is absent or null. */
    OptionalDouble optional(String key) {
        return chosen.has(key) ? OptionalDouble.of(finite(chosen, key)) : OptionalDouble.empty();
    }

    /** A number above 0, or the fallback where the key is absent, null or 0. */
    double positiveOr(String key, double fallback) {
        return optional(key).orElse(0) == 0 ? fallback : positive(chosen, key);
    }

    /** A flag that is true where the key is absent and false where it is null. */
    boolean flag(String key) {
        return chosen.bool(key, !chosen.isNull(key));
    }

    boolean isGiven(String key) {
        return chosen.keys().contains(key);
    }

    /** One factor above 0 for each pair of a head, or one for all of them. */
    float[] factors(String key, int pairs) {
        var values = chosen.numbers(key);
        if (values.size() != pairs && values.size() != 1) {
            throw chosen.outOfRange(key, "a list of " + pairs + " numbers, one for each pair of a head's dimensions,");
        }
        float[] factors = new float[pairs];
        for (int i = 0; i < pairs; i++) {
            double value = values.get(values.size() == 1 ? 0 : i);
            if (!(value > 0) || Double.isInfinite(value)) {
                throw chosen.outOfRange(key, "a list of numbers above 0");
            }
            factors[i] = (float) value;
        }
        return factors;
    }

    /** That {@code key} has no usable value, for the caller to throw. */
    RuntimeException outOfRange(String key, String expected) {
        ModelConfig holder = chosen.keys().contains(key)
                        && !(key.equals(ORIGINAL) && config.keys().contains(key))
                ? chosen
                : config;
        return holder.outOfRange(key, expected);
    }

    private static double positive(ModelConfig holder, String key) {
        double value = holder.number(key);
        if (!(value > 0) || Double.isInfinite(value)) {
            throw holder.outOfRange(key, "a number above 0");
        }
        return value;
    }

    private static double finite(ModelConfig holder, String key) {
        double value = holder.number(key);
        if (!Double.isFinite(value)) {
            throw holder.outOfRange(key, "a finite number");
        }
        return value;
    }
}
