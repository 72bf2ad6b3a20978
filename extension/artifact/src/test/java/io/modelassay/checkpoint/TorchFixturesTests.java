package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.ThreadMXBean;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that torch itself wrote, and files made to harm whoever loads them. */
class TorchFixturesTests {

    private static final Path BIN = Fixtures.path("bin");
    private static final JsonNode CASES = json("cases.json").get("cases");
    private static final JsonNode HOSTILE = json("hostile/cases.json");

    /** Loadable by torch, and refused here with what the message says. */
    private static final Map<String, String> BEYOND = Map.of(
            "one-parameter", "(not-a-state-dict)",
            "deflated", "(invalid-archive)",
            "big-endian", "(unsupported-format)");

    /** Not refused: torch does not compare checksums either, and may be told not to write them. */
    private static final Set<String> HARMLESS = Set.of("checksum-wrong.bin");

    private static JsonNode json(String file) {
        try {
            return new ObjectMapper().readTree(BIN.resolve(file).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> names(JsonNode object) {
        Iterable<String> names = object::fieldNames;
        return StreamSupport.stream(names.spliterator(), false);
    }

    static Stream<String> loadable() {
        return names(CASES).filter(name -> CASES.get(name).has("expected") && !BEYOND.containsKey(name));
    }

    static Stream<String> refused() {
        return names(CASES).filter(name -> !CASES.get(name).has("expected") || BEYOND.containsKey(name));
    }

    static Stream<String> hostile() {
        return names(HOSTILE);
    }

    @ParameterizedTest
    @MethodSource("loadable")
    void everyValueIsTheRecordedOne(String name) {
        JsonNode entry = CASES.get(name);
        try (Checkpoint actual = Checkpoint.open(BIN.resolve(entry.get("file").textValue()));
                Checkpoint expected =
                        Checkpoint.open(BIN.resolve(entry.get("expected").textValue()))) {
            assertSame(actual, expected);
            assertThat(actual.notes().stream().anyMatch(note -> note.id().equals("nested-state-dict")))
                    .isEqualTo(entry.has("under"));
            if (entry.has("tied")) {
                assertThat(actual.notes()).extracting(Finding::id).contains("shared-storage");
            }
        }
    }

    private static void assertSame(Checkpoint actual, Checkpoint expected) {
        assertThat(actual.tensors()).isNotEmpty();
        assertThat(actual.tensors().keySet()).isEqualTo(expected.tensors().keySet());
        for (TensorInfo tensor : expected.tensors().values()) {
            TensorInfo found = actual.tensor(tensor.name());
            assertThat(found.type()).as(tensor.name()).isEqualTo(tensor.type());
            assertThat(found.shape()).as(tensor.name()).isEqualTo(tensor.shape());
            assertThat(actual.map(found)).as(tensor.name()).isEqualTo(expected.map(tensor));
        }
        ValueScan scan = ValueScan.withThreads(2);
        assertThat(scan.scan(actual).tensors()).isEqualTo(scan.scan(expected).tensors());
    }

    @Test
    void shards() {
        // The expected values lie in the same folder under a name that no loader looks for.
        try (Checkpoint actual = Checkpoint.open(BIN.resolve("sharded"));
                Checkpoint expected = Checkpoint.open(BIN.resolve("sharded/expected.safetensors"))) {
            assertSame(actual, expected);
            assertThat(actual.tensorFiles()).hasSize(2);
            assertThat(actual.notes()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("refused")
    void whatIsNotReadIsNamed(String name) {
        JsonNode entry = CASES.get(name);
        CheckpointException failure =
                TestFiles.failure(BIN.resolve(entry.get("file").textValue()));
        assertThat(failure.file()).isPresent();
        assertThat(failure.byteOffset()).isPresent();
        String expected = switch (name) {
            case "subclass" -> "__main__.Subclass";
            case "storage-longer" -> "has 32 bytes, its 6 elements";
            default ->
                BEYOND.containsKey(name)
                        ? BEYOND.get(name)
                        : entry.get("refused").textValue();
        };
        assertThat(failure.getMessage()).contains(expected);
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void hostileFilesAreRefusedInLittleMemory(String name) {
        JsonNode entry = HOSTILE.get(name);
        Path file = BIN.resolve("hostile").resolve(name);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        CheckpointException failure = null;
        try {
            Checkpoint.open(file).close();
        } catch (CheckpointException e) {
            failure = e;
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(64L << 20);
        if (failure == null) {
            assertThat(entry.has("may_load") || HARMLESS.contains(name))
                    .as("refused")
                    .isTrue();
            return;
        }
        assertThat(failure.file()).contains(file);
        assertThat(failure.getMessage()).contains("\nTry: ");
        if (entry.get("kind").textValue().equals("code")) {
            assertThat(failure.id()).isEqualTo("unsafe-pickle");
            assertThat(failure.byteOffset()).isPresent();
            String global = entry.get("global").textValue();
            if (global != null) {
                assertThat(failure.getMessage()).contains(global);
            }
        }
    }
}
