package io.modelassay.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Safetensors files put together by hand, so that they can be wrong in any way. */
final class TestFiles {

    static final String ONE = "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}";

    private TestFiles() {}

    static byte[] bytes(byte[] header, int dataLength) {
        return ByteBuffer.allocate(8 + header.length + dataLength)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
    }

    static Path write(Path file, String header, int dataLength) {
        return write(file, bytes(header.getBytes(StandardCharsets.UTF_8), dataLength));
    }

    static Path write(Path file, byte[] content) {
        try {
            Files.createDirectories(file.getParent());
            return Files.write(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path write(Path file, String text) {
        return write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    static String entry(String name, String dtype, String shape, long begin, long end) {
        return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" + begin + ","
                + end + "]}";
    }

    /** Writes two shards and their index: {@code a} (4 bytes) in the first, {@code b} (8 bytes) in the second. */
    static Path sharded(Path folder) {
        write(folder.resolve("model-00001-of-00002.safetensors"), "{" + entry("a", "U8", "[4]", 0, 4) + "}", 4);
        write(folder.resolve("model-00002-of-00002.safetensors"), "{" + entry("b", "F32", "[2]", 0, 8) + "}", 8);
        index(folder, 12, "a", "model-00001-of-00002.safetensors", "b", "model-00002-of-00002.safetensors");
        return folder;
    }

    static void index(Path folder, long totalSize, String... namesAndFiles) {
        StringBuilder map = new StringBuilder();
        for (int i = 0; i < namesAndFiles.length; i += 2) {
            map.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(namesAndFiles[i])
                    .append("\":\"")
                    .append(namesAndFiles[i + 1])
                    .append('"');
        }
        write(
                folder.resolve("model.safetensors.index.json"),
                "{\"metadata\":{\"total_size\":" + totalSize + "},\"weight_map\":{" + map + "}}");
    }

    /** The exception that opening must throw. */
    static CheckpointException failure(Path path) {
        try (Checkpoint opened = Checkpoint.open(path)) {
            throw new AssertionError("opened " + opened + " with " + opened.tensors());
        } catch (CheckpointException e) {
            return e;
        }
    }
}
