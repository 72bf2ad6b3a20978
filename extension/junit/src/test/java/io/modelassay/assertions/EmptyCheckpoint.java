package io.modelassay.assertions;

import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A well-formed checkpoint without a single tensor. */
final class EmptyCheckpoint {
    private EmptyCheckpoint() {}

    static Path in(Path parent) throws IOException {
        Path folder = Files.createDirectories(parent.resolve("empty"));
        byte[] header = "{}      ".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer file = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header);
        Files.write(folder.resolve("model.safetensors"), file.array());
        Files.copy(Fixtures.path("tiny-qwen2/config.json"), folder.resolve("config.json"));
        return folder;
    }
}
