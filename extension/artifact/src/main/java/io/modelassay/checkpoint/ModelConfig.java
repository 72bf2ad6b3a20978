package io.modelassay.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object of settings, such as {@code config.json} or a part of it. Every accessor either finds a value of the
 * kind it is named for or throws a {@link CheckpointException} with file, key and expected kind. A JSON {@code null} is
 * treated as an absent key, as transformers treats it.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelConfig {

    private static final List<String> LANGUAGE_MODEL = List.of("text_config", "llm_config", "language_config");

    private final Path file;
    private final boolean fileExists;
    private final String prefix;
    private final ObjectNode node;

    private ModelConfig(Path file, boolean fileExists, String prefix, ObjectNode node) {
        this.file = file;
        this.fileExists = fileExists;
        this.prefix = prefix;
        this.node = node;
    }

    /**
     * Reads a JSON object from a file.
     *
     * @throws CheckpointException if the file is no JSON object in UTF-8, larger than 64 MiB, a git-LFS pointer, an HTML
     *     page or empty
     */
    public static ModelConfig read(Path file) {
        return new ModelConfig(file, true, "", JsonDocument.readObject(file));
    }

    /**
     * Parses a JSON object.
     *
     * @param name stands for a file in messages
     * @throws CheckpointException if the text is no JSON object
     */
    public static ModelConfig parse(String name, String json) {
        Path file = Path.of(name);
        return new ModelConfig(file, true, "", JsonDocument.parseObject(json.getBytes(StandardCharsets.UTF_8), file));
    }

    /** Stands for a file that does not exist: has no keys, and accessors say that the file is missing. */
    static ModelConfig absent(Path file) {
        return new ModelConfig(file, false, "", JsonNodeFactory.instance.objectNode());
    }

    /** The file the settings come from. */
    public Path file() {
        return file;
    }

    /** False if the file does not exist, so that there are no settings at all. */
    public boolean exists() {
        return fileExists;
    }

    /** {@code model_type}, such as {@code qwen2}. */
    public Optional<String> modelType() {
        return optionalString("model_type");
    }

    /** {@code architectures}, such as {@code [Qwen2ForCausalLM]}; empty if absent. */
    public List<String> architectures() {
        return has("architectures") ? strings("architectures") : List.of();
    }

    /** Whether the key has a value other than {@code null}. */
    public boolean has(String key) {
        return value(key) != null;
    }

    /** Whether the key is there and holds {@code null}. */
    public boolean isNull(String key) {
        JsonNode value = node.get(key);
        return value != null && value.isNull();
    }

    /** All keys, sorted, those with a {@code null} included. */
    public Set<String> keys() {
        TreeSet<String> keys = new TreeSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        return Collections.unmodifiableSet(keys);
    }

    /** All keys in the order of the file, for settings where the first match wins. */
    public List<String> keysInFileOrder() {
        List<String> keys = new ArrayList<>();
        node.fieldNames().forEachRemaining(keys::add);
        return List.copyOf(keys);
    }

    /** An integer. {@code 4096.0} is not one. @throws CheckpointException if absent or of another kind */
    public long integer(String key) {
        return optionalInteger(key).orElseThrow(() -> missing(key, "an integer"));
    }

    /**
     * An integer, or the fallback if absent.
     *
     * @throws CheckpointException if of another kind
     */
    public long integer(String key, long fallback) {
        return optionalInteger(key).orElse(fallback);
    }

    /**
     * An integer, or empty if absent.
     *
     * @throws CheckpointException if of another kind
     */
    public OptionalLong optionalInteger(String key) {
        JsonNode value = value(key);
        return value == null ? OptionalLong.empty() : OptionalLong.of(toLong(key, value));
    }

    /**
     * A number, integer or not.
     *
     * @throws CheckpointException if absent or of another kind
     */
    public double number(String key) {
        return optionalNumber(key).orElseThrow(() -> missing(key, "a number"));
    }

    /**
     * A number, or the fallback if absent.
     *
     * @throws CheckpointException if of another kind
     */
    public double number(String key, double fallback) {
        return optionalNumber(key).orElse(fallback);
    }

    /**
     * A number, or empty if absent.
     *
     * @throws CheckpointException if of another kind
     */
    public OptionalDouble optionalNumber(String key) {
        JsonNode value = value(key);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(toDouble(key, value));
    }

    /**
     * A string.
     *
     * @throws CheckpointException if absent or of another kind
     */
    public String string(String key) {
        return optionalString(key).orElseThrow(() -> missing(key, "a string"));
    }

    /**
     * A string, or the fallback if absent.
     *
     * @throws CheckpointException if of another kind
     */
    public String string(String key, String fallback) {
        return optionalString(key).orElse(fallback);
    }

    /**
     * A string, or empty if absent.
     *
     * @throws CheckpointException if of another kind
     */
    public Optional<String> optionalString(String key) {
        return Optional.ofNullable(value(key)).map(value -> toText(key, value));
    }

    /**
     * A boolean.
     *
     * @throws CheckpointException if absent or of another kind
     */
    public boolean bool(String key) {
        JsonNode value = value(key);
        if (value == null) {
            throw missing(key, "a boolean");
        }
        return toBoolean(key, value);
    }

    /**
     * A boolean, or the fallback if absent.
     *
     * @throws CheckpointException if of another kind
     */
    public boolean bool(String key, boolean fallback) {
        JsonNode value = value(key);
        return value == null ? fallback : toBoolean(key, value);
    }

    /**
     * An array of strings.
     *
     * @throws CheckpointException if absent or of another kind
     */
    public List<String> strings(String key) {
        return list(key, "an array of strings", (place, value) -> toText(place, value));
    }

    /**
     * An array of integers.
     *
     * @throws CheckpointException if absent or of another kind
     */
    public List<Long> integers(String key) {
        return list(key, "an array of integers", (place, value) -> toLong(place, value));
    }

    /**
     * An array of arrays of integers.
     *
     * @throws CheckpointException if absent or of another kind
     */
    public List<List<Long>> integerLists(String key) {
        return list(
                key,
                "an array of arrays of integers",
                (place, value) -> list(place, "an array of integers", value, (inner, each) -> toLong(inner, each)));
    }

    /**
     * An array of true and false.
     *
     * @throws CheckpointException if absent or of another kind
     */
    public List<Boolean> booleans(String key) {
        return list(key, "an array of true and false", (place, value) -> toBoolean(place, value));
    }

    /**
     * An array of numbers.
     *
     * @throws CheckpointException if absent or of another kind
     */
    public List<Double> numbers(String key) {
        return list(key, "an array of numbers", (place, value) -> toDouble(place, value));
    }

    /**
     * An array of objects.
     *
     * @throws CheckpointException if absent or of another kind
     */
    public List<ModelConfig> objects(String key) {
        return list(key, "an array of objects", this::toObject);
    }

    /**
     * A nested object.
     *
     * @throws CheckpointException if absent or of another kind
     */
    public ModelConfig object(String key) {
        return optionalObject(key).orElseThrow(() -> missing(key, "an object"));
    }

    /**
     * A nested object, or empty if absent.
     *
     * @throws CheckpointException if of another kind
     */
    public Optional<ModelConfig> optionalObject(String key) {
        return Optional.ofNullable(value(key)).map(value -> toObject(key, value));
    }

    /** The settings of the language model: those nested under {@code text_config} or a synonym of it, else these. */
    public ModelConfig languageModel() {
        return LANGUAGE_MODEL.stream()
                .filter(this::isObject)
                .findFirst()
                .map(this::object)
                .orElse(this);
    }

    /** Whether {@code place}, member names joined by dots, is that of a language model's {@code key} in some config. */
    public static boolean isOfLanguageModel(String place, String key) {
        return place.equals(key) || LANGUAGE_MODEL.stream().anyMatch(holder -> place.equals(holder + "." + key));
    }

    /** Whether the key holds an array; false if absent. */
    public boolean isArray(String key) {
        return is(key, JsonNode::isArray);
    }

    /** Whether the key holds an object; false if absent. */
    public boolean isObject(String key) {
        return is(key, JsonNode::isObject);
    }

    /** Whether the key holds a string; false if absent. */
    public boolean isString(String key) {
        return is(key, JsonNode::isTextual);
    }

    /** Whether the key holds a number; false if absent. */
    public boolean isNumber(String key) {
        return is(key, JsonNode::isNumber);
    }

    /** Whether the key holds a boolean; false if absent. */
    public boolean isBool(String key) {
        return is(key, JsonNode::isBoolean);
    }

    /** These settings without some keys. */
    public ModelConfig without(Collection<String> keys) {
        return new ModelConfig(file, fileExists, prefix, node.deepCopy().without(keys));
    }

    /** These settings with a list of strings at a key, in place of what may be there. */
    public ModelConfig with(String key, List<String> values) {
        ObjectNode changed = node.deepCopy();
        values.forEach(changed.putArray(key)::add);
        return new ModelConfig(file, fileExists, prefix, changed);
    }

    /** The settings as compact JSON, keys in the order of the file. */
    public String toJson() {
        return node.toString();
    }

    /** The value at a key as compact JSON, {@code null} included; empty if the key is absent. */
    public Optional<String> toJson(String key) {
        return Optional.ofNullable(node.get(key)).map(JsonNode::toString);
    }

    @Override
    public String toString() {
        return "ModelConfig[" + file + (prefix.isEmpty() ? "" : " at " + prefix) + "]";
    }

    private boolean is(String key, Predicate<JsonNode> kind) {
        JsonNode value = value(key);
        return value != null && kind.test(value);
    }

    private @Nullable JsonNode value(String key) {
        JsonNode value = node.get(key);
        return value == null || value.isNull() ? null : value;
    }

    private long toLong(String key, JsonNode value) {
        if (value.isIntegralNumber() && value.canConvertToLong()) {
            return value.longValue();
        }
        throw wrongKind(key, "an integer from -2^63 to 2^63-1", value);
    }

    private double toDouble(String key, JsonNode value) {
        return check(key, value, JsonNode::isNumber, "a number", JsonNode::doubleValue);
    }

    private String toText(String key, JsonNode value) {
        return check(key, value, JsonNode::isTextual, "a string", JsonNode::textValue);
    }

    private boolean toBoolean(String key, JsonNode value) {
        return check(key, value, JsonNode::isBoolean, "a boolean", JsonNode::booleanValue);
    }

    private ModelConfig toObject(String key, JsonNode value) {
        return check(
                key,
                value,
                JsonNode::isObject,
                "an object",
                object -> new ModelConfig(file, fileExists, prefix + key + ".", (ObjectNode) object));
    }

    private <T> T check(
            String key, JsonNode value, Predicate<JsonNode> kind, String expected, Function<JsonNode, T> convert) {
        if (kind.test(value)) {
            return convert.apply(value);
        }
        throw wrongKind(key, expected, value);
    }

    private interface ElementReader<T> {
        T read(String place, JsonNode element);
    }

    private <T> List<T> list(String key, String expected, ElementReader<T> reader) {
        JsonNode value = value(key);
        if (value == null) {
            throw missing(key, expected);
        }
        return list(key, expected, value, reader);
    }

    private <T> List<T> list(String key, String expected, JsonNode value, ElementReader<T> reader) {
        if (!value.isArray()) {
            throw wrongKind(key, expected, value);
        }
        List<T> read = new ArrayList<>(value.size());
        for (int i = 0; i < value.size(); i++) {
            read.add(reader.read(key + "[" + i + "]", value.get(i)));
        }
        return List.copyOf(read);
    }

    /**
     * That the value at {@code key} is of the right kind and cannot be used, for the caller to throw.
     *
     * @param expected what values can be used, such as {@code a number above 0}
     */
    public CheckpointException outOfRange(String key, String expected) {
        return CheckpointException.of(
                        CheckpointProblem.CONFIG_VALUE_OUT_OF_RANGE, shown(key) + ", " + expected + " was expected")
                .file(file)
                .next("correct the value, or use the " + file.getFileName() + " that belongs to the checkpoint");
    }

    /** What {@code key} holds, in words for a message: {@code The key "hidden_act" holds "\"gelu\""}. */
    public String shown(String key) {
        JsonNode value = node.get(key);
        return "The key " + CheckpointException.quote(prefix + key)
                + (value == null ? " is absent" : " holds " + CheckpointException.quote(value.toString()));
    }

    private CheckpointException missing(String key, String expected) {
        if (!fileExists) {
            return CheckpointException.of(
                            CheckpointProblem.MISSING_CONFIG,
                            "The file does not exist, " + expected + " was expected in it at key "
                                    + CheckpointException.quote(prefix + key))
                    .file(file)
                    .next("add the " + file.getFileName() + " that belongs to the checkpoint");
        }
        return CheckpointException.of(
                        CheckpointProblem.MISSING_CONFIG_KEY,
                        "The key " + CheckpointException.quote(prefix + key)
                                + (isNull(key) ? " is null, " : " is missing, ") + expected + " was expected")
                .file(file)
                .next("add the key, or use the " + file.getFileName() + " that belongs to the checkpoint");
    }

    private CheckpointException wrongKind(String key, String expected, JsonNode value) {
        return CheckpointException.of(
                        CheckpointProblem.WRONG_CONFIG_KIND,
                        "The key " + CheckpointException.quote(prefix + key) + " holds "
                                + CheckpointException.quote(value.toString()) + ", " + expected + " was expected")
                .file(file)
                .next("correct the value, or use the " + file.getFileName() + " that belongs to the checkpoint");
    }
}
