package io.modelassay.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.failure.Printable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * A {@code tokenizer.json} on its way to the tokenizers library, which ends the process for some files and never ends for
 * others. What would do so is refused, with its place in the document; what the library itself refuses is left to it.
 *
 * <p>Random sampling ({@code dropout} of a BPE model) is switched off: the library samples whenever it tokenizes, so that no
 * figure over such tokens could be had twice.
 */
@API(status = API.Status.INTERNAL)
public final class TokenizerFile {
    private static final String DROPOUT = "dropout";
    private static final int LONGEST_TOKEN = 1 << 14;

    private final Path file;
    private final byte[] bytes;
    private final Map<String, JsonNode> parts = new TreeMap<>();
    private String prefix = "";
    private double dropout;
    private int dropoutStart = -1;
    private int dropoutEnd = -1;

    private TokenizerFile(Path file) {
        this.file = file;
        this.bytes = JsonDocument.readBytes(file);
    }

    /**
     * Reads and checks a file.
     *
     * @throws CheckpointException {@code tokenizer-invalid} for what the library cannot be given, or if it is no JSON object
     */
    public static TokenizerFile read(Path file) {
        TokenizerFile read = new TokenizerFile(file);
        long at = JsonDocument.notUtf8At(read.bytes);
        if (at >= 0) {
            throw read.problem("is not UTF-8 at byte " + at);
        }
        try {
            read.document();
            if (!read.prefix.isEmpty()) {
                read.merges();
            }
        } catch (IOException e) {
            throw read.problem(
                    "is no JSON document that can be read: " + Printable.line(String.valueOf(e.getMessage())));
        }
        new TokenizerParts(read::problem).check(read.parts);
        return read;
    }

    /** The probability with which merges are left out, where the file asks for that. */
    public OptionalDouble dropout() {
        return dropout == 0 ? OptionalDouble.empty() : OptionalDouble.of(dropout);
    }

    /** The document for the library: as it stands, without sampling. */
    public byte[] withoutSampling() {
        if (dropout == 0) {
            return bytes.clone();
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length + 8);
        out.write(bytes, 0, dropoutStart);
        out.writeBytes("null".getBytes(StandardCharsets.US_ASCII));
        out.write(bytes, dropoutEnd, bytes.length - dropoutEnd);
        return out.toByteArray();
    }

    private CheckpointException problem(String what) {
        return CheckpointException.of(CheckpointProblem.TOKENIZER_INVALID, "The tokenizer " + what)
                .file(file)
                .next("save the tokenizer again with a current transformers, or give token ids in the place of a text");
    }

    private JsonParser parser() throws IOException {
        return JsonDocument.JSON.createParser(bytes);
    }

    private void document() throws IOException {
        try (JsonParser json = parser()) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw problem("is not a JSON object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                switch (name) {
                    case "model" -> model(json);
                    case "added_tokens" -> addedTokens(json);
                    case "normalizer", "pre_tokenizer", "post_processor", "decoder" ->
                        parts.put(name, JsonTree.value(json));
                    default -> json.skipChildren();
                }
            }
        }
    }

    private void addedTokens(JsonParser json) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            json.skipChildren();
            return;
        }
        for (int i = 0; json.nextToken() != JsonToken.END_ARRAY; i++) {
            String place = "added_tokens[" + i + "]";
            if (json.currentToken() != JsonToken.START_OBJECT) {
                json.skipChildren();
                continue;
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                if (name.equals("id")) {
                    id(json, place + ".id");
                } else if (name.equals("content") && json.currentToken() == JsonToken.VALUE_STRING) {
                    int length = json.getTextLength();
                    if (length > LONGEST_TOKEN) {
                        throw problem("has a token of " + length + " characters at " + place + ".content; at most "
                                + LONGEST_TOKEN + " are taken");
                    }
                } else {
                    json.skipChildren();
                }
            }
        }
    }

    private void model(JsonParser json) throws IOException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            json.skipChildren();
            return;
        }
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            JsonToken value = json.nextToken();
            if (name.equals("vocab") && value == JsonToken.START_OBJECT) {
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    String token = json.currentName();
                    json.nextToken();
                    id(json, "model.vocab[" + Printable.quote(token) + "]");
                }
            } else if (name.equals(DROPOUT) && value.isNumeric()) {
                dropout = json.getDoubleValue();
                dropoutStart = (int) json.currentTokenLocation().getByteOffset();
                dropoutEnd = dropoutStart + json.getText().length();
            } else if (name.equals("continuing_subword_prefix") && value == JsonToken.VALUE_STRING) {
                prefix = json.getText();
            } else {
                json.skipChildren();
            }
        }
    }

    private void id(JsonParser json, String place) throws IOException {
        JsonToken token = json.currentToken();
        if (token == JsonToken.VALUE_NUMBER_INT) {
            boolean fits = json.getNumberType() == JsonParser.NumberType.INT && json.getIntValue() >= 0;
            if (!fits) {
                throw problem("has the id " + json.getText() + " at " + place + "; ids are from 0 to 2^31-1");
            }
        } else {
            // The library says what it is instead.
            json.skipChildren();
        }
    }

    /** The library takes the prefix off the second part of every merge, whether or not it is there. */
    private void merges() throws IOException {
        try (JsonParser json = parser()) {
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                boolean model = json.currentName().equals("model");
                if (json.nextToken() != JsonToken.START_OBJECT || !model) {
                    json.skipChildren();
                    continue;
                }
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    boolean merges = json.currentName().equals("merges");
                    if (json.nextToken() == JsonToken.START_ARRAY && merges) {
                        for (int i = 0; json.nextToken() != JsonToken.END_ARRAY; i++) {
                            merge(JsonTree.value(json), "model.merges[" + i + "]");
                        }
                    } else {
                        json.skipChildren();
                    }
                }
            }
        }
    }

    private void merge(JsonNode merge, String place) {
        String second = merge.isTextual()
                ? merge.textValue().substring(merge.textValue().indexOf(' ') + 1)
                : merge.path(1).asText();
        byte[] part = second.getBytes(StandardCharsets.UTF_8);
        int cut = prefix.getBytes(StandardCharsets.UTF_8).length;
        if (cut > part.length || (cut < part.length && (part[cut] & 0xC0) == 0x80)) {
            throw problem("has a merge at " + place + " whose second part, " + Printable.quote(second)
                    + ", does not begin with the continuing_subword_prefix " + Printable.quote(prefix));
        }
    }
}
