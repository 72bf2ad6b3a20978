package io.modelassay.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads the JSON documents beside the tensors: bounded, UTF-8 only, with the place of every error. */
final class JsonDocument {

    /** The largest index known (DeepSeek-V3, 61 layers of 256 experts) has 9 MB. */
    static final long MOST_BYTES = 64L << 20;

    static final JsonFactory JSON = new JsonFactoryBuilder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(200)
                    .maxNameLength(1 << 20)
                    .maxStringLength((int) MOST_BYTES)
                    .build())
            // Python writes NaN and Infinity into config.json as such (time_step_limit of Mamba-2).
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private JsonDocument() {}

    /**
     * The object in a file.
     *
     * @throws CheckpointException if the file is not a JSON object in UTF-8 of at most 64 MiB
     */
    static ObjectNode readObject(Path file) {
        return parseObject(readBytes(file), file);
    }

    static byte[] readBytes(Path file) {
        FileSignature.check(file);
        try {
            long size = Files.size(file);
            if (size > MOST_BYTES) {
                throw CheckpointException.of(
                                CheckpointProblem.DOCUMENT_TOO_LARGE,
                                "The JSON document has " + size + " bytes, at most " + MOST_BYTES + " bytes are read")
                        .file(file)
                        .next("check that the file is what its name says");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
    }

    static ObjectNode parseObject(byte[] bytes, Path file) {
        String refusal = null;
        long at = notUtf8At(bytes);
        if (at >= 0) {
            refusal = "is not UTF-8";
        } else if (startsWithByteOrderMark(bytes)) {
            at = 0;
            refusal = "starts with a byte order mark, which Python's JSON reader refuses";
        } else {
            at = indexOfNul(bytes);
            if (at >= 0) {
                refusal = "contains a NUL byte";
            }
        }
        if (refusal != null) {
            throw invalid(file, refusal, at, null);
        }
        JsonNode node;
        try (JsonParser json = JSON.createParser(bytes)) {
            node = JsonTree.read(json);
        } catch (JsonEOFException e) {
            throw cutOff(file, bytes.length);
        } catch (JsonProcessingException e) {
            throw invalid(file, "is not valid JSON: " + e.getOriginalMessage(), offsetOf(e), e);
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw invalid(file, "is not a JSON object", 0, null);
    }

    /**
     * Refuses a JSON object whose end is missing, by its last bytes alone; for files too large to parse in passing.
     *
     * @throws CheckpointException if the last character other than whitespace is no closing brace
     */
    static void checkEnd(Path file) {
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
            long size = channel.size();
            ByteBuffer tail = ByteBuffer.allocate((int) Math.min(64, size));
            channel.position(size - tail.capacity());
            while (tail.hasRemaining() && channel.read(tail) >= 0) {
                // until full
            }
            String text = new String(tail.array(), StandardCharsets.ISO_8859_1).stripTrailing();
            if (!text.endsWith("}")) {
                throw cutOff(file, size);
            }
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
    }

    private static CheckpointException cutOff(Path file, long size) {
        return CheckpointException.of(
                        CheckpointProblem.TRUNCATED_FILE,
                        "The JSON document is cut off: it ends after " + size + " bytes, before its closing brace")
                .file(file)
                .at(size)
                .next("download or copy the file again");
    }

    private static CheckpointException invalid(Path file, String why, long at, @Nullable Exception cause) {
        CheckpointException.Builder problem = CheckpointException.of(
                        CheckpointProblem.INVALID_JSON, "The document " + why)
                .file(file)
                .at(at);
        return (cause == null ? problem : problem.cause(cause))
                .next("download the file again, or correct it at this byte");
    }

    /** Bytes before the error, or -1 if the parser does not know. */
    static long offsetOf(JsonProcessingException e) {
        JsonLocation location = e.getLocation();
        return location == null ? -1 : location.getByteOffset();
    }

    static boolean startsWithByteOrderMark(byte[] bytes) {
        return bytes.length >= 3 && (bytes[0] & 0xFF) == 0xEF && (bytes[1] & 0xFF) == 0xBB && (bytes[2] & 0xFF) == 0xBF;
    }

    /** Position of the first NUL byte, or -1. NUL is never legal in JSON, and its absence rules out UTF-16 and UTF-32. */
    static int indexOfNul(byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0) {
                return i;
            }
        }
        return -1;
    }

    /** Position of the first byte that is not well-formed UTF-8, or -1. Works in constant memory. */
    static long notUtf8At(byte[] bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(8192);
        while (true) {
            CoderResult result = decoder.decode(in, out, true);
            if (result.isError()) {
                return in.position();
            }
            if (result.isUnderflow()) {
                return -1;
            }
            out.clear();
        }
    }
}
