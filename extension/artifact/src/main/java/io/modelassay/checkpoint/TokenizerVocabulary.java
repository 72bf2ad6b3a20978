package io.modelassay.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.apiguardian.api.API;

/** The ids that a {@code tokenizer.json} gives out. Read token by token, so that large files take no memory. */
@API(status = API.Status.INTERNAL)
public final class TokenizerVocabulary {
    private final String sought;
    private long largest = -1;
    private long found = -1;

    private TokenizerVocabulary(String sought) {
        this.sought = sought;
    }

    /**
     * One more than the largest id of the vocabulary and of the added tokens; nothing where the file is not of a known
     * kind. A list of pieces (Unigram) has the ids of its positions.
     */
    public static OptionalLong size(Path file) {
        return read(file, "")
                .filter(vocabulary -> vocabulary.largest >= 0)
                .map(vocabulary -> OptionalLong.of(vocabulary.largest + 1))
                .orElse(OptionalLong.empty());
    }

    /** The id of {@code token}; nothing where the vocabulary has no such token, or the file is not of a known kind. */
    public static OptionalLong id(Path file, String token) {
        return read(file, token)
                .filter(vocabulary -> vocabulary.found >= 0)
                .map(vocabulary -> OptionalLong.of(vocabulary.found))
                .orElse(OptionalLong.empty());
    }

    private static Optional<TokenizerVocabulary> read(Path file, String sought) {
        TokenizerVocabulary vocabulary = new TokenizerVocabulary(sought);
        try (JsonParser json = JsonDocument.JSON.createParser(file.toFile())) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                return Optional.empty();
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
            return Optional.empty();
        }
        return Optional.of(vocabulary);
    }

    private void see(String token, long id) {
        largest = Math.max(largest, id);
        if (token.equals(sought)) {
            found = id;
        }
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
        long id = -1;
        String content = "";
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            if (name.equals("id") && json.currentToken() == JsonToken.VALUE_NUMBER_INT) {
                id = json.getLongValue();
            } else if (name.equals("content") && json.currentToken() == JsonToken.VALUE_STRING) {
                content = json.getText();
            } else {
                json.skipChildren();
            }
        }
        see(content, id);
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
            String piece = json.currentName();
            if (json.nextToken() == JsonToken.VALUE_NUMBER_INT) {
                see(piece, json.getLongValue());
            } else {
                json.skipChildren();
            }
        }
    }

    private void pieces(JsonParser json) throws IOException {
        long count = 0;
        while (json.nextToken() != JsonToken.END_ARRAY && json.currentToken() != null) {
            see(piece(json), count);
            count++;
        }
    }

    /** The text of {@code [text, score]}, behind which the parser then is. */
    private static String piece(JsonParser json) throws IOException {
        String text = "";
        if (json.currentToken() == JsonToken.START_ARRAY) {
            if (json.nextToken() == JsonToken.VALUE_STRING) {
                text = json.getText();
            }
            while (json.currentToken() != JsonToken.END_ARRAY && json.currentToken() != null) {
                json.skipChildren();
                json.nextToken();
            }
        } else {
            json.skipChildren();
        }
        return text;
    }
}
