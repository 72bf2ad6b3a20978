package io.modelassay.checkpoint;

import static io.modelassay.checkpoint.TestFiles.ONE;
import static io.modelassay.checkpoint.TestFiles.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every rule of formats.md 1.1 to 1.4: what the reference reader refuses, and a look-alike that it accepts. */
class SafetensorsHeaderTests {

    @TempDir
    Path folder;

    static Stream<Arguments> refused() {
        String a4 = entry("a", "U8", "[4]", 0, 4);
        return Stream.of(
                arguments("no JSON", "", 0, "invalid-header"),
                arguments("only spaces", "        ", 0, "invalid-header"),
                arguments("an array", "[]", 0, "invalid-header"),
                arguments("cut-off JSON", "{\"a\":", 0, "invalid-header"),
                arguments("NUL padding", ONE + "\0", 4, "invalid-header"),
                arguments("text after the JSON", ONE + "x", 4, "invalid-header"),
                arguments("a second object", ONE + "{}", 4, "invalid-header"),
                arguments("byte order mark", "\uFEFF" + ONE, 4, "invalid-header"),
                arguments("tensor is null", "{\"a\":null}", 0, "invalid-header"),
                arguments("tensor is a number", "{\"a\":1}", 0, "invalid-header"),
                arguments("no dtype", "{\"a\":{\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "invalid-header"),
                arguments("no shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}", 4, "invalid-header"),
                arguments("no offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4, "invalid-header"),
                arguments("unknown dtype", "{" + entry("a", "I4", "[4]", 0, 2) + "}", 2, "unknown-dtype"),
                arguments("lower-case dtype", "{" + entry("a", "u8", "[4]", 0, 4) + "}", 4, "unknown-dtype"),
                arguments(
                        "dtype a number",
                        "{\"a\":{\"dtype\":8,\"shape\":[],\"data_offsets\":[0,1]}}",
                        1,
                        "unknown-dtype"),
                arguments("shape with 1.0", "{" + entry("a", "U8", "[1.0]", 0, 1) + "}", 1, "invalid-shape"),
                arguments("shape with 1e0", "{" + entry("a", "U8", "[1e0]", 0, 1) + "}", 1, "invalid-shape"),
                arguments("shape with -1", "{" + entry("a", "U8", "[-1]", 0, 1) + "}", 1, "invalid-shape"),
                arguments("shape with -0", "{" + entry("a", "U8", "[-0]", 0, 0) + "}", 0, "invalid-shape"),
                arguments(
                        "shape over 2^64",
                        "{" + entry("a", "U8", "[18446744073709551616]", 0, 1) + "}",
                        1,
                        "invalid-shape"),
                arguments("shape a string", "{" + entry("a", "U8", "[\"4\"]", 0, 4) + "}", 4, "invalid-shape"),
                arguments("shape no array", "{" + entry("a", "U8", "4", 0, 4) + "}", 4, "invalid-shape"),
                arguments(
                        "shape overflows",
                        "{" + entry("a", "U8", "[4611686018427387904,4]", 0, 1) + "}",
                        1,
                        "size-overflow"),
                arguments(
                        "bits overflow",
                        "{" + entry("a", "U8", "[2305843009213693952]", 0, 1) + "}",
                        1,
                        "size-overflow"),
                arguments(
                        "overflow before 0",
                        "{" + entry("a", "U8", "[9223372036854775807,2,0]", 0, 0) + "}",
                        0,
                        "size-overflow"),
                arguments(
                        "three offsets",
                        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4,4]}}",
                        4,
                        "invalid-data-offsets"),
                arguments(
                        "one offset",
                        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0]}}",
                        4,
                        "invalid-data-offsets"),
                arguments("end before begin", "{" + entry("a", "U8", "[4]", 4, 0) + "}", 4, "invalid-data-offsets"),
                arguments("offset 2^63-1", "{" + entry("a", "U8", "[4]", 0, Long.MAX_VALUE) + "}", 4, "size-overflow"),
                arguments("odd nibbles", "{" + entry("a", "F4", "[3]", 0, 2) + "}", 2, "misaligned-size"),
                arguments("five F6", "{" + entry("a", "F6_E2M3", "[5]", 0, 4) + "}", 4, "misaligned-size"),
                arguments("too few bytes", "{" + entry("a", "F32", "[2]", 0, 4) + "}", 4, "size-mismatch"),
                arguments("too many bytes", "{" + entry("a", "U8", "[2]", 0, 4) + "}", 4, "size-mismatch"),
                arguments("overlap", "{" + a4 + "," + entry("b", "U8", "[4]", 2, 6) + "}", 6, "overlapping-tensors"),
                arguments(
                        "shared range", "{" + a4 + "," + entry("b", "U8", "[4]", 0, 4) + "}", 4, "overlapping-tensors"),
                arguments(
                        "empty inside", "{" + a4 + "," + entry("b", "U8", "[0]", 2, 2) + "}", 4, "overlapping-tensors"),
                arguments("hole", "{" + a4 + "," + entry("b", "U8", "[4]", 5, 9) + "}", 9, "gap-between-tensors"),
                arguments("first not at 0", "{" + entry("a", "U8", "[4]", 1, 5) + "}", 5, "gap-between-tensors"),
                arguments("cut off", ONE, 3, "truncated-file"),
                arguments("trailing byte", ONE, 5, "trailing-bytes"),
                arguments("trailing data without tensors", "{}", 1, "trailing-bytes"),
                arguments("name twice", "{" + a4 + "," + a4 + "}", 4, "duplicate-tensor-name"),
                arguments(
                        "name twice, once escaped",
                        "{" + a4 + "," + a4.replace("\"a\"", "\"\\u0061\"") + "}",
                        4,
                        "duplicate-tensor-name"),
                arguments(
                        "dtype twice",
                        "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
                        4,
                        "duplicate-header-field"),
                arguments("metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "duplicate-header-field"),
                arguments(
                        "null metadata twice",
                        "{\"__metadata__\":null,\"__metadata__\":null}",
                        0,
                        "duplicate-header-field"),
                arguments("metadata with a number", "{\"__metadata__\":{\"a\":1}}", 0, "invalid-metadata"),
                arguments("nested metadata", "{\"__metadata__\":{\"a\":{}}}", 0, "invalid-metadata"),
                arguments("metadata an array", "{\"__metadata__\":[]}", 0, "invalid-metadata"),
                arguments(
                        "tensor called __metadata__",
                        "{" + entry("__metadata__", "U8", "[4]", 0, 4) + "}",
                        4,
                        "invalid-metadata"),
                arguments(
                        "lone surrogate in a name",
                        "{" + entry("\\ud800", "U8", "[4]", 0, 4) + "}",
                        4,
                        "invalid-header"),
                arguments("lone surrogate in metadata", "{\"__metadata__\":{\"a\":\"\\udc00x\"}}", 0, "invalid-header"),
                arguments("array entry of four", "{\"a\":[\"U8\",[4],[0,4],0]}", 4, "invalid-header"),
                arguments("array entry of two", "{\"a\":[\"U8\",[4]]}", 4, "invalid-data-offsets"),
                arguments(
                        "128 levels", "{\"a\":{\"x\":" + "[".repeat(126) + "]".repeat(126) + "}}", 0, "invalid-header"),
                arguments("infinite number in an unknown field", "{\"a\":{\"x\":1e999}}", 0, "invalid-header"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void refused(String what, String header, int dataLength, String id) {
        Path file = TestFiles.write(folder.resolve("model.safetensors"), header, dataLength);
        CheckpointException failure = TestFiles.failure(file);
        assertThat(failure.id()).as(failure.getMessage()).isEqualTo(id);
        assertThat(failure.file()).contains(file);
        assertThat(failure.byteOffset()).isPresent();
        assertThat(failure.getMessage())
                .contains(
                        "(" + id + ")",
                        file.toString(),
                        "byte offset " + failure.byteOffset().getAsLong())
                .endsWith("\nTry: " + failure.nextStep());
    }

    static Stream<Arguments> accepted() {
        String a4 = entry("a", "U8", "[4]", 0, 4);
        return Stream.of(
                arguments("no tensors", "{}", 0, 0),
                arguments("padding", "{}      ", 0, 0),
                arguments("leading and other whitespace", " \t\r\n" + ONE + "\n\t ", 4, 1),
                arguments("scalar", "{" + entry("a", "F64", "[]", 0, 8) + "}", 8, 1),
                arguments("empty name", "{" + entry("", "U8", "[4]", 0, 4) + "}", 4, 1),
                arguments(
                        "unaligned",
                        "{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("b", "F32", "[1]", 1, 5) + "}",
                        5,
                        2),
                arguments("JSON order against data order", "{" + entry("b", "U8", "[4]", 4, 8) + "," + a4 + "}", 8, 2),
                arguments("empty tensor first", "{" + a4 + "," + entry("b", "U8", "[0]", 0, 0) + "}", 4, 2),
                arguments(
                        "empty tensors share a place",
                        "{" + a4 + "," + entry("b", "U8", "[0]", 4, 4) + "," + entry("c", "F32", "[2,0]", 4, 4) + "}",
                        4,
                        3),
                arguments(
                        "0 before a large dimension",
                        "{" + entry("a", "U8", "[0,9223372036854775807,2]", 0, 0) + "}",
                        0,
                        1),
                arguments("even nibbles", "{" + entry("a", "F4", "[4]", 0, 2) + "}", 2, 1),
                arguments("four F6", "{" + entry("a", "F6_E3M2", "[4]", 0, 3) + "}", 3, 1),
                arguments(
                        "unknown field",
                        "{\"a\":{\"dtype\":\"U8\",\"x\":{\"y\":[1.5,null]},\"shape\":[4],\"data_offsets\":[0,4],\"x\":1}}",
                        4,
                        1),
                arguments("array entry", "{\"a\":[\"U8\",[4],[0,4]]}", 4, 1),
                arguments("null metadata", "{\"__metadata__\":null," + a4 + "}", 4, 1),
                arguments("metadata key twice", "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}," + a4 + "}", 4, 1),
                arguments("metadata last", "{" + a4 + ",\"__metadata__\":{\"format\":\"pt\"}}", 4, 1),
                arguments("surrogate pair", "{" + entry("\\ud83d\\ude00", "U8", "[4]", 0, 4) + "}", 4, 1),
                arguments(
                        "127 levels",
                        "{\"a\":{\"x\":" + "[".repeat(125) + "]".repeat(125)
                                + ",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
                        4,
                        1));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void accepted(String what, String header, int dataLength, int tensors) {
        Path file = TestFiles.write(folder.resolve("model.safetensors"), header, dataLength);
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            assertThat(checkpoint.tensors()).hasSize(tensors);
            assertThat(checkpoint.byteSize()).isEqualTo(dataLength);
        }
    }

    @Test
    void integersAboveTwoToThe53StayExact() {
        TestFiles.write(folder.resolve("m.safetensors"), "{" + entry("a", "U8", "[0,9007199254740993]", 0, 0) + "}", 0);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.tensor("a").shape()).isEqualTo(Shape.of(0, 9007199254740993L));
        }
    }

    @Test
    void headerThatIsNotUtf8() {
        byte[] header = ONE.getBytes(StandardCharsets.UTF_8);
        header[2] = (byte) 0xFF;
        Path file = TestFiles.write(folder.resolve("a.safetensors"), TestFiles.bytes(header, 4));
        CheckpointException failure = TestFiles.failure(file);
        assertThat(failure.problem()).isEqualTo(CheckpointProblem.HEADER_NOT_UTF8);
        assertThat(failure.byteOffset()).hasValue(10);
    }

    @Test
    void headerLengths() {
        assertThat(lengthFailure(7, 3).id()).isEqualTo("header-too-small");
        assertThat(lengthFailure(100_000_001, 20).id()).isEqualTo("header-too-large");
        assertThat(lengthFailure(-1, 20).getMessage()).contains("18446744073709551615 bytes");
        assertThat(lengthFailure(100_000_000, 20).id()).isEqualTo("truncated-header");
        assertThat(lengthFailure(13, 20).id()).isEqualTo("truncated-header");
        assertThat(lengthFailure(0, 8).id()).isEqualTo("invalid-header");
    }

    private CheckpointException lengthFailure(long headerLength, int fileLength) {
        ByteBuffer content = ByteBuffer.allocate(Math.max(8, fileLength)).order(ByteOrder.LITTLE_ENDIAN);
        content.putLong(0, headerLength);
        byte[] bytes = new byte[fileLength];
        content.get(0, bytes);
        return TestFiles.failure(TestFiles.write(folder.resolve("l.safetensors"), bytes));
    }

    @Test
    void messageOfOverlap() {
        String header = "{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b\\n", "U8", "[4]", 2, 6) + "}";
        Path file = TestFiles.write(folder.resolve("model.safetensors"), header, 6);
        assertThat(TestFiles.failure(file).getMessage())
                .isEqualTo("The tensor has the data range [2, 6), which overlaps \"a\" up to 4 (overlapping-tensors)\n"
                        + "  file " + file + "\n"
                        + "  tensor \"b\\u000a\"\n"
                        + "  byte offset " + (8 + header.length() + 2) + "\n"
                        + "Try: write the file again with a current safetensors library");
    }

    @Test
    void messageOfTruncation() {
        Path file = TestFiles.write(folder.resolve("model.safetensors"), ONE, 1);
        int end = 8 + ONE.length();
        assertThat(TestFiles.failure(file).getMessage())
                .isEqualTo("The file is cut off: its header promises " + (end + 4) + " bytes, it has " + (end + 1)
                        + " bytes (3 missing) (truncated-file)\n"
                        + "  file " + file + "\n"
                        + "  byte offset " + (end + 1) + "\n"
                        + "Try: download or copy the file again");
    }

    @Test
    void messageOfUnknownTypeGivesThePlaceInTheHeader() {
        String header = "{" + entry("a", "I4", "[4]", 0, 2) + "}";
        Path file = TestFiles.write(folder.resolve("model.safetensors"), header, 2);
        assertThat(TestFiles.failure(file).getMessage())
                .isEqualTo("The tensor has the dtype \"I4\", which safetensors does not know; the whole file is"
                        + " unreadable (unknown-dtype)\n"
                        + "  file " + file + "\n"
                        + "  tensor \"a\"\n"
                        + "  byte offset " + (8 + header.indexOf("\"I4\"")) + "\n"
                        + "Try: write the file again with a dtype of the format, such as BF16 or U8");
    }

    @Test
    void hostileNamesDoNotFloodTheMessage() {
        String name = "x".repeat(100_000);
        Path file = TestFiles.write(folder.resolve("model.safetensors"), "{" + entry(name, "U8", "[5]", 0, 4) + "}", 4);
        CheckpointException failure = TestFiles.failure(file);
        assertThat(failure.getMessage()).contains("(100000 characters)").hasSizeLessThan(1000);
        assertThat(failure.tensor()).contains(name);
    }
}
