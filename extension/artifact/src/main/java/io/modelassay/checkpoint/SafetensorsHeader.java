package io.modelassay.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The JSON header of a safetensors file, parsed as the reference reader parses it (serde into a struct), but refusing a
 * tensor name that occurs twice. Whether the tensors fit the file is {@link SafetensorsFormat}'s business.
 */
final class SafetensorsHeader {

    /** Longest header the reference reader and writer accept, in bytes. */
    static final long MOST_BYTES = 100_000_000;

    /** Bytes before the header: its length. */
    static final int LENGTH_BYTES = 8;

    static final String METADATA = "__metadata__";

    /** serde_json refuses the 128th level. */
    private static final int DEEPEST = 127;

    private static final JsonFactory FACTORY = new JsonFactoryBuilder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEEPEST)
                    .maxNameLength((int) MOST_BYTES)
                    .maxStringLength((int) MOST_BYTES)
                    .maxNumberLength((int) MOST_BYTES)
                    .build())
            .build();

    /**
     * One tensor as declared.
     *
     * @param begin first byte, relative to the end of the header
     * @param end one past the last byte; may lie before {@code begin} in a broken file
     * @param headerOffset where the entry's name starts in the file
     */
    record Entry(String name, TensorType type, List<Long> shape, long begin, long end, long headerOffset) {}

    private final Path file;
    private final JsonParser json;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private @Nullable Map<String, String> metadata;

    private SafetensorsHeader(Path file, JsonParser json) {
        this.file = file;
        this.json = json;
    }

    /**
     * Parses a whole header.
     *
     * @param bytes the header without its length
     * @throws CheckpointException for anything the reference reader refuses, and for a duplicate tensor name
     */
    static SafetensorsHeader parse(byte[] bytes, Path file) {
        long notUtf8 = JsonDocument.notUtf8At(bytes);
        if (notUtf8 >= 0) {
            throw CheckpointException.of(CheckpointProblem.HEADER_NOT_UTF8, "The header is not UTF-8")
                    .file(file)
                    .at(LENGTH_BYTES + notUtf8)
                    .next("write the file again; it is damaged or not a safetensors file");
        }
        if (JsonDocument.startsWithByteOrderMark(bytes)) {
            throw invalid(file, "starts with a byte order mark", LENGTH_BYTES);
        }
        int nul = JsonDocument.indexOfNul(bytes);
        if (nul >= 0) {
            throw invalid(file, "contains a NUL byte; only spaces may pad it", LENGTH_BYTES + (long) nul);
        }
        try (JsonParser json = FACTORY.createParser(bytes)) {
            SafetensorsHeader header = new SafetensorsHeader(file, json);
            header.readObject();
            return header;
        } catch (JsonProcessingException e) {
            throw invalid(file, "is not valid JSON: " + e.getOriginalMessage(), place(JsonDocument.offsetOf(e)));
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
    }

    /** Entries in the order of the JSON text. */
    List<Entry> entries() {
        return List.copyOf(entries.values());
    }

    Map<String, String> metadata() {
        return metadata == null ? Map.of() : metadata;
    }

    private void readObject() throws IOException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw invalid(file, json.currentToken() == null ? "holds no JSON" : "is not a JSON object", here());
        }
        boolean metadataSeen = false;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            long at = here();
            String name = wellFormed(json.currentName());
            json.nextToken();
            if (!name.equals(METADATA)) {
                Entry entry = readEntry(name, at);
                if (entries.putIfAbsent(name, entry) != null) {
                    throw CheckpointException.of(
                                    CheckpointProblem.DUPLICATE_TENSOR_NAME,
                                    "The header declares this tensor twice; readers disagree on which one counts")
                            .file(file)
                            .tensor(name)
                            .at(at)
                            .next("write the file again with one entry for each name");
                }
                continue;
            }
            if (metadataSeen) {
                throw CheckpointException.of(
                                CheckpointProblem.DUPLICATE_HEADER_FIELD, "The header holds __metadata__ twice")
                        .file(file)
                        .at(at)
                        .next("write the file again with one __metadata__");
            }
            metadataSeen = true;
            metadata = readMetadata();
        }
        if (json.nextToken() != null) {
            throw invalid(file, "goes on after the end of its JSON object", here());
        }
    }

    private @Nullable Map<String, String> readMetadata() throws IOException {
        if (json.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (json.currentToken() != JsonToken.START_OBJECT) {
            throw invalidMetadata("__metadata__ is not an object");
        }
        Map<String, String> read = new LinkedHashMap<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = wellFormed(json.currentName());
            if (json.nextToken() != JsonToken.VALUE_STRING) {
                throw invalidMetadata("__metadata__ " + CheckpointException.quote(key) + " is not a string");
            }
            read.put(key, wellFormed(json.getText()));
        }
        return read;
    }

    private Entry readEntry(String name, long at) throws IOException {
        JsonToken token = json.currentToken();
        EntryFields fields = new EntryFields(name, at);
        if (token == JsonToken.START_ARRAY) {
            // The reference accepts an entry as an array, dtype first; serde reads any struct so.
            json.nextToken();
            fields.readType();
            json.nextToken();
            fields.readShape();
            json.nextToken();
            fields.readOffsets();
            if (json.nextToken() != JsonToken.END_ARRAY) {
                throw entryProblem(CheckpointProblem.INVALID_HEADER, name, here(), "has more than three parts");
            }
        } else if (token == JsonToken.START_OBJECT) {
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = wellFormed(json.currentName());
                json.nextToken();
                switch (field) {
                    case "dtype" -> fields.readType();
                    case "shape" -> fields.readShape();
                    case "data_offsets" -> fields.readOffsets();
                    default -> skipValue();
                }
            }
        } else {
            throw entryProblem(CheckpointProblem.INVALID_HEADER, name, here(), "is not declared by a JSON object");
        }
        return fields.entry();
    }

    /** Passes over a value of no interest, refusing what the reference would refuse in it. */
    private void skipValue() throws IOException {
        int depth = 0;
        do {
            JsonToken token = json.currentToken();
            if (token == null) {
                return;
            }
            if (token.isStructStart()) {
                depth++;
            } else if (token.isStructEnd()) {
                depth--;
            } else if (token == JsonToken.FIELD_NAME) {
                wellFormed(json.currentName());
            } else if (token == JsonToken.VALUE_STRING) {
                wellFormed(json.getText());
            } else if (token == JsonToken.VALUE_NUMBER_FLOAT && Double.isInfinite(json.getDoubleValue())) {
                throw invalid(file, "holds a number out of range", here());
            }
        } while (depth > 0 && json.nextToken() != null);
    }

    private final class EntryFields {
        private final String name;
        private final long at;
        private @Nullable TensorType type;
        private @Nullable List<Long> shape;
        private long @Nullable [] offsets;

        EntryFields(String name, long at) {
            this.name = name;
            this.at = at;
        }

        void readType() throws IOException {
            refuseSecond(type, "dtype");
            if (json.currentToken() != JsonToken.VALUE_STRING) {
                throw entryProblem(CheckpointProblem.UNKNOWN_DTYPE, name, here(), "has a dtype that is not a string");
            }
            String label = json.getText();
            long place = here();
            type = TensorType.ofLabel(label)
                    .orElseThrow(() -> CheckpointException.of(
                                    CheckpointProblem.UNKNOWN_DTYPE,
                                    "The tensor has the dtype " + CheckpointException.quote(label)
                                            + ", which safetensors does not know; the whole file is unreadable")
                            .file(file)
                            .tensor(name)
                            .at(place)
                            .next("write the file again with a dtype of the format, such as BF16 or U8"));
        }

        void readShape() throws IOException {
            refuseSecond(shape, "shape");
            shape = readIntegers(CheckpointProblem.INVALID_SHAPE, "shape", Integer.MAX_VALUE);
        }

        void readOffsets() throws IOException {
            refuseSecond(offsets, "data_offsets");
            long place = here();
            List<Long> read = readIntegers(CheckpointProblem.INVALID_DATA_OFFSETS, "data_offsets", 2);
            if (read.size() != 2) {
                throw entryProblem(
                        CheckpointProblem.INVALID_DATA_OFFSETS,
                        name,
                        place,
                        "has data_offsets with " + read.size() + " entries instead of 2");
            }
            offsets = new long[] {read.get(0), read.get(1)};
        }

        private List<Long> readIntegers(CheckpointProblem problem, String field, int most) throws IOException {
            if (json.currentToken() != JsonToken.START_ARRAY) {
                throw entryProblem(problem, name, here(), "has a " + field + " that is not an array");
            }
            List<Long> read = new ArrayList<>(4);
            while (json.nextToken() != JsonToken.END_ARRAY) {
                long place = here();
                if (read.size() == most) {
                    throw entryProblem(problem, name, place, "has a " + field + " with more than " + most + " entries");
                }
                long value = json.currentToken() == JsonToken.VALUE_NUMBER_INT ? unsigned(json.getText()) : -1;
                if (value < 0) {
                    throw entryProblem(
                            problem,
                            name,
                            place,
                            "has a " + field + " with an entry that is no integer from 0 to " + Long.MAX_VALUE);
                }
                read.add(value);
            }
            return read;
        }

        private void refuseSecond(@Nullable Object earlier, String field) {
            if (earlier != null) {
                throw CheckpointException.of(
                                CheckpointProblem.DUPLICATE_HEADER_FIELD,
                                "The tensor's entry holds " + field + " twice")
                        .file(file)
                        .tensor(name)
                        .at(here())
                        .next("write the file again with one " + field + " for each tensor");
            }
        }

        Entry entry() {
            if (type == null || shape == null || offsets == null) {
                String missing = type == null ? "dtype" : shape == null ? "shape" : "data_offsets";
                throw entryProblem(CheckpointProblem.INVALID_HEADER, name, at, "has no " + missing);
            }
            return new Entry(name, type, shape, offsets[0], offsets[1], at);
        }
    }

    /** The value, or -1 if it is negative, written with a sign, or above 2^63 - 1. Never goes through a double. */
    private static long unsigned(String digits) {
        if (digits.length() > 19 || digits.startsWith("-")) {
            return -1;
        }
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /** JSON escapes can spell half of a surrogate pair, which is no character; the reference refuses it. */
    private String wellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw invalid(file, "holds a string with half of a surrogate pair", here());
            }
        }
        return text;
    }

    private long here() {
        return place(json.currentTokenLocation().getByteOffset());
    }

    private static long place(long inHeader) {
        return LENGTH_BYTES + Math.max(inHeader, 0);
    }

    private CheckpointException invalidMetadata(String what) {
        return CheckpointException.of(CheckpointProblem.INVALID_METADATA, "The header's " + what)
                .file(file)
                .at(here())
                .next("write the file again; metadata is one object of strings");
    }

    private CheckpointException entryProblem(CheckpointProblem problem, String name, long at, String what) {
        return CheckpointException.of(problem, "The tensor " + what)
                .file(file)
                .tensor(name)
                .at(at)
                .next("write the file again with a current safetensors library");
    }

    private static CheckpointException invalid(Path file, String what, long at) {
        return CheckpointException.of(CheckpointProblem.INVALID_HEADER, "The header " + what)
                .file(file)
                .at(at)
                .next("write the file again with a current safetensors library; it is damaged or no safetensors file");
    }
}
