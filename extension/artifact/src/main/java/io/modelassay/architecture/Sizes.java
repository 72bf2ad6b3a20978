package io.modelassay.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * Figures of one stack of modules: the first of some config objects that has a key, else the family's default. A size is
 * an expression: keys and numbers with {@code *} and {@code /} between them, taken from left to right.
 */
final class Sizes {
    /** Several times as many as the deepest published model has. */
    private static final int MOST_LAYERS = 10_000;

    private final List<ModelConfig> configs;
    private final JsonNode defaults;
    private final Set<String> nullable;

    private Sizes(List<ModelConfig> configs, JsonNode stack) {
        this.configs = configs;
        this.defaults = stack.path("defaults");
        this.nullable = StreamSupport.stream(stack.path("nullable").spliterator(), false)
                .map(JsonNode::textValue)
                .collect(Collectors.toUnmodifiableSet());
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
        return new Sizes(configs, stack);
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
            long value = config.integer(word);
            if (value < 1 || value > Integer.MAX_VALUE) {
                throw config.outOfRange(word, "a size from 1 to " + Integer.MAX_VALUE);
            }
            return value;
        }
        refuseNull(config, word);
        return fallback.isTextual() ? size(fallback.textValue()) : fallback.longValue();
    }

    /** A number of layers: one that can be laid out whatever the file holds. */
    int layers(String key) {
        long count = size(key);
        if (count > MOST_LAYERS) {
            throw config(key).outOfRange(key, "a number of layers up to " + MOST_LAYERS);
        }
        return (int) count;
    }

    int integer(String expression) {
        return Math.toIntExact(size(expression));
    }

    /**
     * The shape of a tensor.
     *
     * @throws io.modelassay.checkpoint.CheckpointException also if it has more elements than can be counted
     */
    Shape shape(JsonNode expressions) {
        List<String> texts = StreamSupport.stream(expressions.spliterator(), false)
                .map(JsonNode::textValue)
                .toList();
        try {
            return new Shape(texts.stream().map(this::size).toList());
        } catch (ArithmeticException | IllegalArgumentException e) {
            String largest = texts.stream()
                    .flatMap(text -> Arrays.stream(text.split(" [*/] ", -1)))
                    .max(Comparator.comparingLong(this::operand))
                    .orElseThrow();
            throw config(largest).outOfRange(largest, "a size that a tensor can have");
        }
    }

    /** Refuses a null where transformers does; that of a nullable key means what its absence means. */
    private void refuseNull(ModelConfig config, String key) {
        if (config.isNull(key) && !nullable.contains(key)) {
            throw config.outOfRange(key, "another value than null");
        }
    }

    /** A whole number that may be 0 or below. */
    long whole(String key) {
        ModelConfig config = config(key);
        refuseNull(config, key);
        return config.integer(key, defaults.path(key).asLong());
    }

    double number(String key) {
        ModelConfig config = config(key);
        refuseNull(config, key);
        return config.number(key, defaults.path(key).asDouble());
    }

    boolean flag(String key) {
        ModelConfig config = config(key);
        refuseNull(config, key);
        return config.bool(key, defaults.path(key).asBoolean(false));
    }

    /** A name that every config has. */
    String text(String key) {
        ModelConfig config = config(key);
        refuseNull(config, key);
        return config.string(key, defaults.path(key).asText());
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
