package io.modelassay.architecture;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The descriptions of the families, one resource each; one may extend another, and takes what it sets to {@code null} out
 * of it.
 */
final class FamilyFiles {
    private static final JsonFactory JSON = new JsonFactory();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Pattern MODEL_TYPE = Pattern.compile("[a-z0-9_-]{1,64}");

    private FamilyFiles() {}

    /** The description of a model type, with what it inherits, or null where there is none. */
    static @Nullable JsonNode find(String modelType) {
        if (!MODEL_TYPE.matcher(modelType).matches()) {
            return null;
        }
        JsonNode file = resource("families/" + modelType + ".json");
        JsonNode base = file == null ? null : file.get("extends");
        return file == null || base == null ? file : merge(inherited(base.textValue()), file);
    }

    /** The keys that change what some family computes and that the families here do not read. */
    static JsonNode foreignKeys() {
        return Objects.requireNonNull(resource("foreign-keys.json"));
    }

    private static @Nullable JsonNode resource(String name) {
        try (InputStream in = FamilyFiles.class.getResourceAsStream(name)) {
            if (in == null) {
                return null;
            }
            try (JsonParser json = JSON.createParser(in)) {
                json.nextToken();
                return value(json);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode inherited(String modelType) {
        JsonNode base = find(modelType);
        if (base == null) {
            throw new IllegalStateException("A family extends \"" + modelType + "\", which has no file");
        }
        return base;
    }

    private static JsonNode merge(JsonNode base, JsonNode over) {
        ObjectNode merged = ((ObjectNode) base).deepCopy();
        over.properties().forEach(entry -> {
            JsonNode below = merged.get(entry.getKey());
            boolean deep = below instanceof ObjectNode && entry.getValue() instanceof ObjectNode && !below.has("kind");
            if (entry.getValue().isNull()) {
                merged.remove(entry.getKey());
            } else {
                merged.set(entry.getKey(), deep ? merge(below, entry.getValue()) : entry.getValue());
            }
        });
        return merged;
    }

    /**
     * The value at the present token. These files are our own; an object mapper would read them too, but its start alone
     * takes longer than inspecting a model.
     */
    private static JsonNode value(JsonParser json) throws IOException {
        switch (json.currentToken()) {
            case START_OBJECT -> {
                ObjectNode object = NODES.objectNode();
                while (json.nextToken() != JsonToken.END_OBJECT) {
                    String name = json.currentName();
                    json.nextToken();
                    object.set(name, value(json));
                }
                return object;
            }
            case START_ARRAY -> {
                ArrayNode array = NODES.arrayNode();
                while (json.nextToken() != JsonToken.END_ARRAY) {
                    array.add(value(json));
                }
                return array;
            }
            case VALUE_STRING -> {
                return NODES.textNode(json.getText());
            }
            case VALUE_NUMBER_INT -> {
                return NODES.numberNode(json.getLongValue());
            }
            case VALUE_NUMBER_FLOAT -> {
                return NODES.numberNode(json.getDoubleValue());
            }
            case VALUE_TRUE, VALUE_FALSE -> {
                return NODES.booleanNode(json.getBooleanValue());
            }
            case VALUE_NULL -> {
                return NODES.nullNode();
            }
            default -> throw new IllegalStateException("A family's description holds " + json.currentToken());
        }
    }
}
