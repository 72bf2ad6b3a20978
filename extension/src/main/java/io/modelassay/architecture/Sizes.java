package io.modelassay.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * Figures of one stack of modules: the first of some config objects that has a key, else the family's default. A size is
 * an expression: keys and numbers with {@code *} and {@code /} between them, taken from left to right.
 */
final class Sizes {
    private final List<ModelConfig> configs;
    private final JsonNode defaults;

    private Sizes(List<ModelConfig> configs, JsonNode defaults) {
        this.configs = configs;
        this.defaults = defaults;
    }

    /** The figures of {@code stack}, which names the objects of {@code config} to look in; {@code .} is the config itself. */
    static Sizes of(JsonNode stack, ModelConfig config) {
        List<ModelConfig> configs = new ArrayList<>();
        for (JsonNode name : stack.path("configs")) {
            if (name.textValue().equals(".")) {
                configs.add(config);
            } else {
                config.optionalObject(name.textValue()).ifPresent(configs::add);
            }
        }
        if (!stack.has("configs")) {
            configs.add(config);
        }
        if (configs.isEmpty()) {
            configs.add(ModelConfig.parse("config.json", "{}"));
        }
        return new Sizes(configs, stack.path("defaults"));
    }

    /** The config object that has {@code key}, else the last. */
    ModelConfig config(String key) {
        return configs.stream()
                .filter(config -> config.keys().contains(key))
                .findFirst()
                .orElseGet(() -> configs.get(configs.size() - 1));
    }

    /**
     * The value of an expression.
     *
     * @throws io.modelassay.checkpoint.CheckpointException if the config lacks a size that has no default
     */
    long size(String expression) {
        String[] words = expression.split(" ", -1);
        long value = operand(words[0]);
        for (int i = 1; i < words.length; i += 2) {
            long operand = operand(words[i + 1]);
            value = words[i].equals("*") ? Math.multiplyExact(value, operand) : value / Math.max(1, operand);
        }
        return value;
    }

    private long operand(String word) {
        if (Character.isDigit(word.charAt(0))) {
            return Long.parseLong(word);
        }
        ModelConfig config = config(word);
        JsonNode fallback = defaults.path(word);
        if (config.has(word) || fallback.isMissingNode()) {
            return config.integer(word);
        }
        return fallback.isTextual() ? size(fallback.textValue()) : fallback.longValue();
    }

    int integer(String expression) {
        return Math.toIntExact(size(expression));
    }

    double number(String key) {
        return config(key).number(key, defaults.path(key).asDouble());
    }

    boolean flag(String key) {
        return config(key).bool(key, defaults.path(key).asBoolean(false));
    }

    /** Whether the key is given and not null, or absent with a default. */
    boolean setOrDefault(String key) {
        ModelConfig config = config(key);
        return config.has(key) || (!config.keys().contains(key) && defaults.has(key));
    }

    List<String> strings(String key) {
        ModelConfig config = config(key);
        return config.has(key) ? config.strings(key) : List.of();
    }

    /** A list of numbers; empty where the key is absent or null. */
    List<Long> integers(String key) {
        ModelConfig config = config(key);
        return config.has(key) ? config.integers(key) : List.of();
    }
}
