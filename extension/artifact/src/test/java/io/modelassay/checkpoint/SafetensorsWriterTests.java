package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTests {

    @TempDir
    Path folder;

    @Test
    void everyTypeSurvivesTheRoundTrip() {
        Random random = new Random(11);
        SafetensorsWriter.Builder builder = SafetensorsWriter.to(folder.resolve("model.safetensors"));
        for (TensorType type : TensorType.values()) {
            builder.tensor("t." + type.label(), type, Shape.of(3, 4));
        }
        builder.tensor("scalar", TensorType.F64, Shape.of()).tensor("empty", TensorType.F32, Shape.of(2, 0));
        java.util.Map<String, byte[]> contents = new java.util.TreeMap<>();
        try (SafetensorsWriter writer = builder.open()) {
            for (TensorInfo tensor : writer.tensors()) {
                byte[] content = new byte[(int) tensor.byteLength()];
                random.nextBytes(content);
                contents.put(tensor.name(), content);
                int half = content.length / 2;
                writer.write(tensor.name(), ByteBuffer.wrap(content, 0, half));
                writer.write(tensor.name(), ByteBuffer.wrap(content, half, content.length - half));
            }
            writer.commit();
        }
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.notes()).isEmpty();
            assertThat(checkpoint.tensors().keySet()).isEqualTo(contents.keySet());
            for (TensorInfo tensor : checkpoint.tensors().values()) {
                byte[] read = new byte[(int) tensor.byteLength()];
                checkpoint.map(tensor).get(read);
                assertThat(read).as(tensor.name()).isEqualTo(contents.get(tensor.name()));
                assertThat(tensor.offset() % Math.max(1, tensor.type().bits() / 8))
                        .isZero();
            }
            assertThat(checkpoint.tensor("t.F4").byteLength()).isEqualTo(6);
            assertThat(checkpoint.tensor("t.F6_E2M3").byteLength()).isEqualTo(9);
        }
    }

    @Test
    void layoutOfTheReferenceWriter() throws IOException {
        Path file = folder.resolve("m.safetensors");
        try (SafetensorsWriter writer = SafetensorsWriter.to(file)
                .tensor("b", TensorType.F32, Shape.of(1))
                .tensor("é", TensorType.U8, Shape.of(1))
                .tensor("a", TensorType.F32, Shape.of(1))
                .tensor("c", TensorType.I64, Shape.of(1))
                .open()) {
            for (TensorInfo tensor : writer.tensors()) {
                writer.write(tensor.name(), ByteBuffer.allocate((int) tensor.byteLength()));
            }
            writer.commit();
        }
        byte[] content = Files.readAllBytes(file);
        int length =
                (int) ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThat(length % 8).isZero();
        assertThat(new String(content, 8, length, StandardCharsets.UTF_8).stripTrailing())
                .isEqualTo("{\"__metadata__\":{\"format\":\"pt\"},"
                        + "\"c\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                        + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
                        + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]},"
                        + "\"é\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[16,17]}}");
    }

    @Test
    void nothingAppearsWithoutCommit() throws IOException {
        Path file = folder.resolve("m.safetensors");
        Files.writeString(file, "old");
        try (SafetensorsWriter writer = SafetensorsWriter.to(file)
                .tensor("a", TensorType.U8, Shape.of(4))
                .open()) {
            writer.write("a", ByteBuffer.allocate(3));
            assertThatThrownBy(writer::commit)
                    .hasMessage("The tensor was declared with 4 bytes, got 3 (incomplete-write)\n"
                            + "  file " + file + "\n"
                            + "  tensor \"a\"\n"
                            + "Try: write every declared tensor before commit");
            assertThatThrownBy(() -> writer.write("a", ByteBuffer.allocate(2))).hasMessageContaining("out-of-range");
            assertThatThrownBy(() -> writer.write("x", ByteBuffer.allocate(2))).hasMessageContaining("unknown-tensor");
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
        assertThat(file).hasContent("old");
    }

    @Test
    void wrongDeclarations() {
        SafetensorsWriter.Builder builder =
                SafetensorsWriter.to(folder.resolve("m.safetensors")).tensor("a", TensorType.U8, Shape.of(1));
        assertThatThrownBy(() -> builder.tensor("a", TensorType.U8, Shape.of(1)))
                .hasMessageContaining("is declared twice (invalid-declaration)");
        assertThatThrownBy(() -> builder.tensor("__metadata__", TensorType.U8, Shape.of(1)))
                .hasMessageContaining("has a reserved name");
        assertThatThrownBy(() -> builder.tensor("b", TensorType.F4, Shape.of(3)))
                .hasMessageContaining("no whole number of bytes");
        assertThatThrownBy(() -> builder.tensor("b", TensorType.F64, Shape.of(Long.MAX_VALUE)))
                .hasMessageContaining("overflows");
        assertThatThrownBy(() -> SafetensorsWriter.to(folder.resolve("no/such/m.safetensors"))
                        .open())
                .hasMessageContaining("(write-failed)");
    }

    @Test
    void shardsAndIndex() throws IOException {
        write(16);
        assertThat(folder.resolve("model.safetensors.index.json")).content().isEqualTo("""
                {
                  "metadata" : {
                    "total_size" : 45
                  },
                  "weight_map" : {
                    "a" : "model-00001-of-00003.safetensors",
                    "b" : "model-00001-of-00003.safetensors",
                    "big" : "model-00002-of-00003.safetensors",
                    "c" : "model-00003-of-00003.safetensors"
                  }
                }
                """);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.notes()).isEmpty();
            assertThat(checkpoint.byteSize()).isEqualTo(45);
            assertThat(checkpoint.map(checkpoint.tensor("big")).get(0)).isEqualTo((byte) 20);
        }
    }

    @Test
    void oneShardNeedsNoIndex() {
        write(45);
        assertThat(folder.resolve("model.safetensors")).exists();
        assertThat(folder.resolve("model.safetensors.index.json")).doesNotExist();
    }

    private void write(long largest) {
        try (ShardedSafetensorsWriter writer = ShardedSafetensorsWriter.to(folder)
                .largestShard(largest)
                .tensor("a", TensorType.U8, Shape.of(8))
                .tensor("b", TensorType.F32, Shape.of(2))
                .tensor("big", TensorType.U8, Shape.of(20))
                .tensor("c", TensorType.U8, Shape.of(9))
                .open()) {
            for (TensorInfo tensor : writer.tensors()) {
                byte[] content = new byte[(int) tensor.byteLength()];
                java.util.Arrays.fill(content, (byte) content.length);
                writer.write(tensor.name(), ByteBuffer.wrap(content));
            }
            writer.commit();
        }
    }
}
