package io.modelassay.truth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;

/** A checkpoint of the names, shapes and config that a library saved; the values are made up. */
public final class RecordedCheckpoint {
    private RecordedCheckpoint() {}

    /** One small checkpoint of every model type that transformers could be made to save. */
    public static Stream<JsonNode> ofModelTypes() {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(Fixtures.truths("model-types.json.gz")))) {
            return StreamSupport.stream(
                    new ObjectMapper().readTree(in).get("cases").spliterator(), false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@code recorded}, to be changed before it is written. */
    public static SmallCheckpoint of(JsonNode recorded) {
        return of(recorded, recorded.get("config"));
    }

    /** The tensors of {@code recorded} beside another config. */
    public static SmallCheckpoint of(JsonNode recorded, JsonNode config) {
        SmallCheckpoint checkpoint = new SmallCheckpoint(config.toString());
        recorded.get("tensors")
                .properties()
                .forEach(entry -> checkpoint.tensor(entry.getKey(), shape(entry.getValue())));
        return checkpoint;
    }

    private static long[] shape(JsonNode shape) {
        return StreamSupport.stream(shape.spliterator(), false)
                .mapToLong(JsonNode::longValue)
                .toArray();
    }

    /** {@code recorded} in {@code folder}. */
    public static Path write(JsonNode recorded, Path folder) {
        return of(recorded).into(folder);
    }
}
