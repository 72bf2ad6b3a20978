package io.modelassay.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.apiguardian.api.API;

/** How many ids a {@code tokenizer.json} gives out. Read token by token, so that large files take no memory. */
@API(status = API.Status.INTERNAL)
public final class TokenizerVocabulary {
    private long largest = -1;

    private TokenizerVocabulary() {}

    /**
     * One more than the largest id of the vocabulary and of the added tokens; nothing where the file is not of a known
     * kind. A list of pieces (Unigram) has the ids of its positions.
     */
    public static OptionalLong size(Path file) {
        TokenizerVocabulary vocabulary = new TokenizerVocabulary();
        try (JsonParser json = JsonDocument.JSON.createParser(file.toFile())) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                return OptionalLong.empty();
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                switch (name) {
                    case "added_tokens" -> vocabulary.addedTokens(json);
                    case "model" -> vocabulary.model(json);
                    default -> json.skipChildren();
                }
            }
        } catch (IOException e) {
            return OptionalLong.empty();
        }
        return vocabulary.largest < 0 ? OptionalLong.empty() : OptionalLong.of(vocabulary.largest + 1);
    }

    private void addedTokens(JsonParser json) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            json.skipChildren();
            return;
        }
        while (json.nextToken() == JsonToken.START_OBJECT) {
            token(json);
        }
    }

    private void token(JsonParser json) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            boolean id = json.currentName().equals("id");
            json.nextToken();
            if (id && json.currentToken() == JsonToken.VALUE_NUMBER_INT) {
                largest = Math.max(largest, json.getLongValue());
            } else {
                json.skipChildren();
            }
        }
    }

    private void model(JsonParser json) throws IOException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            json.skipChildren();
            return;
        }
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            boolean vocabulary = json.currentName().equals("vocab");
            json.nextToken();
            if (vocabulary && json.currentToken() == JsonToken.START_OBJECT) {
                ids(json);
            } else if (vocabulary && json.currentToken() == JsonToken.START_ARRAY) {
                pieces(json);
            } else {
                json.skipChildren();
            }
        }
    }

    private void ids(JsonParser json) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            if (json.nextToken() == JsonToken.VALUE_NUMBER_INT) {
                largest = Math.max(largest, json.getLongValue());
            } else {
                json.skipChildren();
            }
        }
    }

    private void pieces(JsonParser json) throws IOException {
        long count = 0;
        while (json.nextToken() != JsonToken.END_ARRAY && json.currentToken() != null) {
            json.skipChildren();
            count++;
        }
        largest = Math.max(largest, count - 1);
    }
}
