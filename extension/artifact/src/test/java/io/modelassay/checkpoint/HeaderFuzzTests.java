package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files either open or are refused by a typed error; nothing else is ever thrown. Plain seeds, no engine. */
class HeaderFuzzTests {

    private static final String HEADER = "{\"__metadata__\":{\"format\":\"pt\"},"
            + TestFiles.entry("model.a", "BF16", "[2,2]", 0, 8) + ","
            + TestFiles.entry("model.b", "F32", "[1]", 8, 12) + ","
            + TestFiles.entry("", "F4", "[0,2]", 12, 12) + ",\"c\":[\"I64\",[],[12,20]]}";
    private static final String[] FRAGMENTS = {
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "\\ud800",
        "null",
        "true",
        "-1",
        "0",
        "1e9",
        "1e999",
        "0.5",
        "18446744073709551615",
        "9223372036854775807",
        "9223372036854775808",
        "\"U8\"",
        "\"F4\"",
        "\"dtype\"",
        "\"shape\"",
        "\"data_offsets\"",
        "\"__metadata__\"",
        "\"\":",
        "\0",
        "\uFEFF",
        "\u00e9",
        " ",
        "[[[[",
        "NaN"
    };

    @TempDir
    Path folder;

    @Test
    void damagedFiles() {
        int opened = 0;
        int refused = 0;
        for (int seed = 0; seed < 1500; seed++) {
            Random random = new Random(seed);
            byte[] content = damaged(random);
            Path file = TestFiles.write(folder.resolve("model.safetensors"), content);
            try (Checkpoint checkpoint = Checkpoint.open(file)) {
                opened++;
                for (TensorInfo tensor : checkpoint.tensors().values()) {
                    assertThat(checkpoint.map(tensor).remaining()).isEqualTo((int) tensor.byteLength());
                }
            } catch (CheckpointException e) {
                refused++;
                assertThat(e.getMessage())
                        .contains("(" + e.id() + ")", file.toString())
                        .hasSizeLessThan(2000);
                assertThat(e.byteOffset()).as("seed " + seed).isPresent();
                assertThat(e.byteOffset().getAsLong()).as("seed " + seed).isBetween(0L, content.length + 400_000_000L);
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertThat(opened).isPositive();
        assertThat(refused).isGreaterThan(700);
    }

    private static byte[] damaged(Random random) {
        StringBuilder header = new StringBuilder(HEADER);
        int textChanges = random.nextInt(4);
        for (int i = 0; i < textChanges; i++) {
            int at = random.nextInt(header.length());
            String fragment = FRAGMENTS[random.nextInt(FRAGMENTS.length)];
            switch (random.nextInt(3)) {
                case 0 -> header.insert(at, fragment);
                case 1 -> header.replace(at, Math.min(header.length(), at + fragment.length()), fragment);
                default -> header.delete(at, Math.min(header.length(), at + random.nextInt(12)));
            }
        }
        byte[] content = TestFiles.bytes(header.toString().getBytes(StandardCharsets.UTF_8), 20);
        int byteChanges = random.nextInt(3);
        for (int i = 0; i < byteChanges; i++) {
            content[random.nextInt(content.length)] = (byte) random.nextInt(256);
        }
        return switch (random.nextInt(8)) {
            case 0 -> Arrays.copyOf(content, random.nextInt(content.length + 1));
            case 1 -> ByteBuffer.allocate(content.length + 3).put(content).array();
            default -> content;
        };
    }

    @Test
    void randomIndexes() {
        TestFiles.sharded(folder);
        String good = "{\"metadata\":{\"total_size\":12},\"weight_map\":{"
                + "\"a\":\"model-00001-of-00002.safetensors\",\"b\":\"model-00002-of-00002.safetensors\"}}";
        for (int seed = 0; seed < 400; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder(good);
            for (int i = 0; i <= random.nextInt(4); i++) {
                text.insert(random.nextInt(text.length()), FRAGMENTS[random.nextInt(FRAGMENTS.length)]);
            }
            TestFiles.write(folder.resolve("model.safetensors.index.json"), text.toString());
            try (Checkpoint checkpoint = Checkpoint.open(folder)) {
                assertThat(checkpoint.tensors()).hasSize(2);
            } catch (CheckpointException e) {
                assertThat(e.file()).isPresent();
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + text, e);
            }
        }
    }
}
