package io.modelassay.checkpoint;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/**
 * Builds the tree of a JSON document from its tokens. Does what an object mapper's {@code readTree} does without the
 * mapper, whose start alone takes longer than inspecting a model.
 */
final class JsonTree {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private JsonTree() {}

    /**
     * The one value that {@code json} holds. Of equal keys the last counts.
     *
     * @throws JsonParseException if there is none, or more than one
     */
    static JsonNode read(JsonParser json) throws IOException {
        if (json.nextToken() == null) {
            throw new JsonParseException(json, "there is no value");
        }
        JsonNode value = value(json);
        if (json.nextToken() != null) {
            throw new JsonParseException(json, "there is more after the first value: " + json.currentToken());
        }
        return value;
    }

    /** The value that starts at the present token. Its depth is bounded by the parser's constraints. */
    static JsonNode value(JsonParser json) throws IOException {
        return switch (json.currentToken()) {
            case START_OBJECT -> object(json);
            case START_ARRAY -> array(json);
            case VALUE_STRING -> NODES.textNode(json.getText());
            case VALUE_NUMBER_INT ->
                switch (json.getNumberType()) {
                    case INT -> NODES.numberNode(json.getIntValue());
                    case LONG -> NODES.numberNode(json.getLongValue());
                    default -> NODES.numberNode(json.getBigIntegerValue());
                };
            case VALUE_NUMBER_FLOAT -> NODES.numberNode(json.getDoubleValue());
            case VALUE_TRUE, VALUE_FALSE -> NODES.booleanNode(json.getBooleanValue());
            case VALUE_NULL -> NODES.nullNode();
            default -> throw new JsonParseException(json, "unexpected " + json.currentToken());
        };
    }

    private static ObjectNode object(JsonParser json) throws IOException {
        ObjectNode object = NODES.objectNode();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            json.nextToken();
            object.set(name, value(json));
        }
        return object;
    }

    private static ArrayNode array(JsonParser json) throws IOException {
        ArrayNode array = NODES.arrayNode();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            array.add(value(json));
        }
        return array;
    }
}
