package io.modelassay.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A shard index, such as {@code model.safetensors.index.json}: which tensor lies in which file. File names are as
 * written, neither resolved nor trusted.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ShardIndex {

    private static final JsonFactory FACTORY = new JsonFactoryBuilder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(100)
                    .maxNameLength(1 << 20)
                    .build())
            .build();

    private final Path file;
    private final SortedMap<String, String> weightMap = new TreeMap<>();
    private OptionalLong totalSize = OptionalLong.empty();

    private ShardIndex(Path file) {
        this.file = file;
    }

    /**
     * Reads an index.
     *
     * @throws CheckpointException if the file is no index, maps a tensor twice, or is larger than 64 MiB
     */
    public static ShardIndex read(Path file) {
        byte[] bytes = JsonDocument.readBytes(file);
        JsonDocument.parseObject(bytes, file);
        ShardIndex index = new ShardIndex(file);
        try (JsonParser json = FACTORY.createParser(bytes)) {
            index.readObject(json);
        } catch (JsonProcessingException e) {
            throw index.invalid("is not valid JSON: " + e.getOriginalMessage(), JsonDocument.offsetOf(e));
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
        return index;
    }

    /** The index itself. */
    public Path file() {
        return file;
    }

    /** Tensor name to file name, relative to the index. Unmodifiable. */
    public SortedMap<String, String> weightMap() {
        return Collections.unmodifiableSortedMap(weightMap);
    }

    /** {@code metadata.total_size}: bytes of all tensors by the index's own account, often wrong; empty if not an integer. */
    public OptionalLong totalSize() {
        return totalSize;
    }

    private void readObject(JsonParser json) throws IOException {
        boolean seen = false;
        json.nextToken();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            if (field.equals("weight_map")) {
                if (seen) {
                    throw invalid("holds weight_map twice", here(json));
                }
                if (value != JsonToken.START_OBJECT) {
                    throw invalid("has a weight_map that is not an object", here(json));
                }
                seen = true;
                readWeightMap(json);
            } else if (field.equals("metadata") && value == JsonToken.START_OBJECT) {
                readMetadata(json);
            } else {
                json.skipChildren();
            }
        }
        if (!seen) {
            throw invalid("has no weight_map", 0);
        }
        if (weightMap.isEmpty()) {
            throw invalid("has an empty weight_map", 0);
        }
    }

    private void readWeightMap(JsonParser json) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String tensor = json.currentName();
            long at = here(json);
            if (json.nextToken() != JsonToken.VALUE_STRING) {
                throw invalid("maps " + CheckpointException.quote(tensor) + " to something other than a file name", at);
            }
            @Nullable String before = weightMap.put(tensor, json.getText());
            if (before != null) {
                throw CheckpointException.of(
                                CheckpointProblem.DUPLICATE_TENSOR_NAME,
                                "The index maps this tensor twice, to " + CheckpointException.quote(before) + " and "
                                        + CheckpointException.quote(json.getText()))
                        .file(file)
                        .tensor(tensor)
                        .at(at)
                        .next("write the index again with one entry for each tensor");
            }
        }
    }

    private void readMetadata(JsonParser json) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            boolean isTotal = json.currentName().equals("total_size");
            JsonToken value = json.nextToken();
            if (isTotal
                    && value == JsonToken.VALUE_NUMBER_INT
                    && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
                totalSize = OptionalLong.of(json.getLongValue());
            } else {
                json.skipChildren();
            }
        }
    }

    private static long here(JsonParser json) {
        return json.currentTokenLocation().getByteOffset();
    }

    private CheckpointException invalid(String what, long at) {
        return CheckpointException.of(CheckpointProblem.INVALID_INDEX, "The index " + what)
                .file(file)
                .at(at)
                .next("write the checkpoint again with save_pretrained, or download the index again");
    }
}
