package io.modelassay.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * Writes a safetensors file as the reference writer lays it out: tensors by type and name, {@code format=pt}, data 8-byte
 * aligned. All tensors are declared first; their bytes then follow in any order and in pieces of any size. The file
 * appears under its name only on {@link #commit}, so that a process that has mapped an older file of this name is not
 * harmed; closing without commit leaves nothing behind. For use by one thread.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class SafetensorsWriter implements AutoCloseable {

    private final Path file;
    private final Path temporary;
    private final FileChannel channel;
    private final List<TensorInfo> tensors;
    private final Map<String, TensorInfo> byName;
    private final Map<String, Long> written = new LinkedHashMap<>();
    private boolean done;

    private SafetensorsWriter(Path file, Path temporary, FileChannel channel, List<TensorInfo> tensors) {
        this.file = file;
        this.temporary = temporary;
        this.channel = channel;
        this.tensors = tensors;
        this.byName = new LinkedHashMap<>();
        for (TensorInfo tensor : tensors) {
            byName.put(tensor.name(), tensor);
            written.put(tensor.name(), 0L);
        }
    }

    /** Starts the declaration of a file. Its folder must exist. */
    public static Builder to(Path file) {
        return new Builder(file);
    }

    /** Declares what the file will hold. */
    @API(status = API.Status.EXPERIMENTAL)
    public static final class Builder {
        private final Path file;
        private final Map<String, TensorInfo> declared = new LinkedHashMap<>();
        private final Map<String, String> metadata = new TreeMap<>(Map.of("format", "pt"));

        private Builder(Path file) {
            this.file = file;
        }

        /**
         * Declares a tensor.
         *
         * @throws CheckpointException ({@code invalid-declaration}) if the name is taken or reserved, or the size is no
         *     whole number of bytes
         */
        public Builder tensor(String name, TensorType type, Shape shape) {
            if (name.equals(SafetensorsHeader.METADATA) || declared.containsKey(name)) {
                throw invalid(name, declared.containsKey(name) ? "is declared twice" : "has a reserved name");
            }
            long bits;
            try {
                bits = Math.multiplyExact(shape.elementCount(), type.bits());
            } catch (ArithmeticException e) {
                throw invalid(name, "has a size that overflows 63 bits");
            }
            if (bits % 8 != 0) {
                throw invalid(name, "has " + bits + " bits, which is no whole number of bytes");
            }
            declared.put(name, new TensorInfo(name, type, shape, file, 0, bits / 8));
            return this;
        }

        /** Adds a text to the file's metadata, or replaces one; {@code format} is {@code pt} unless set here. */
        public Builder metadata(String key, String value) {
            metadata.put(key, value);
            return this;
        }

        /**
         * Writes the header to a temporary file in the same folder.
         *
         * @throws CheckpointException if the header exceeds 100 MB or the file can't be written
         */
        public SafetensorsWriter open() {
            List<TensorInfo> sorted = new ArrayList<>(declared.values());
            sorted.sort(SafetensorsOrder.COMPARATOR);
            byte[] header = header(sorted, metadata);
            if (header.length > SafetensorsHeader.MOST_BYTES) {
                throw CheckpointException.of(
                                CheckpointProblem.HEADER_TOO_LARGE,
                                "The header would have " + header.length + " bytes, the format allows at most "
                                        + SafetensorsHeader.MOST_BYTES + " bytes")
                        .file(file)
                        .next("spread the tensors over several files");
            }
            List<TensorInfo> placed = new ArrayList<>();
            long at = SafetensorsHeader.LENGTH_BYTES + (long) header.length;
            for (TensorInfo tensor : sorted) {
                placed.add(new TensorInfo(tensor.name(), tensor.type(), tensor.shape(), file, at, tensor.byteLength()));
                at += tensor.byteLength();
            }
            return start(header, List.copyOf(placed));
        }

        private SafetensorsWriter start(byte[] header, List<TensorInfo> placed) {
            try {
                Path temporary = WholeFile.beside(file);
                FileChannel channel =
                        FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
                SafetensorsWriter writer = new SafetensorsWriter(file, temporary, channel, placed);
                ByteBuffer length = ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(0, header.length);
                writer.writeFully(length, 0);
                writer.writeFully(ByteBuffer.wrap(header), SafetensorsHeader.LENGTH_BYTES);
                return writer;
            } catch (IOException e) {
                throw writeFailed(file, e);
            }
        }

        private CheckpointException invalid(String name, String what) {
            return CheckpointException.of(CheckpointProblem.INVALID_DECLARATION, "The tensor " + what)
                    .file(file)
                    .tensor(name)
                    .next("declare every tensor once, with a shape that fills whole bytes");
        }
    }

    /** The declared tensors in the order of the file, with the places their bytes will have. */
    public List<TensorInfo> tensors() {
        return tensors;
    }

    /**
     * Writes the next bytes of a tensor.
     *
     * @param bytes little-endian elements, from position to limit; the position moves to the limit
     * @throws CheckpointException ({@code unknown-tensor}) if it was not declared, ({@code out-of-range}) if these are more
     *     bytes than declared, ({@code write-failed}) if the file system refuses
     */
    public void write(String name, ByteBuffer bytes) {
        TensorInfo tensor = byName.get(name);
        Long before = written.get(name);
        if (tensor == null || before == null) {
            throw CheckpointException.of(CheckpointProblem.UNKNOWN_TENSOR, "The tensor was not declared")
                    .file(file)
                    .tensor(name)
                    .next("declare it before opening the writer");
        }
        long after = before + bytes.remaining();
        if (after > tensor.byteLength()) {
            throw CheckpointException.of(
                            CheckpointProblem.OUT_OF_RANGE,
                            "The tensor was declared with " + tensor.byteLength() + " bytes, got " + after)
                    .file(file)
                    .tensor(name)
                    .next("declare the shape and type that are written");
        }
        try {
            writeFully(bytes, tensor.offset() + before);
        } catch (IOException e) {
            throw writeFailed(file, e);
        }
        written.put(name, after);
    }

    /**
     * Makes the file appear under its name.
     *
     * @throws CheckpointException ({@code incomplete-write}) if bytes of a tensor are missing, ({@code write-failed}) if the
     *     file system refuses
     */
    public void commit() {
        for (TensorInfo tensor : tensors) {
            long got = written.getOrDefault(tensor.name(), 0L);
            if (got != tensor.byteLength()) {
                throw CheckpointException.of(
                                CheckpointProblem.INCOMPLETE_WRITE,
                                "The tensor was declared with " + tensor.byteLength() + " bytes, got " + got)
                        .file(file)
                        .tensor(tensor.name())
                        .next("write every declared tensor before commit");
            }
        }
        try {
            channel.force(true);
            channel.close();
            WholeFile.move(temporary, file);
            done = true;
        } catch (IOException e) {
            throw writeFailed(file, e);
        }
    }

    /** Discards everything unless {@link #commit} has succeeded. */
    @Override
    public void close() {
        if (done) {
            return;
        }
        done = true;
        try {
            channel.close();
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            throw writeFailed(file, e);
        }
    }

    static CheckpointException writeFailed(Path file, IOException cause) {
        return CheckpointException.of(
                        CheckpointProblem.WRITE_FAILED,
                        "The file can't be written: " + cause.getClass().getSimpleName() + " " + cause.getMessage())
                .file(file)
                .cause(cause)
                .next("check that the folder exists, that this user may write to it, and that there is space");
    }

    private void writeFully(ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    /** Compact JSON padded with spaces to a multiple of 8. */
    private static byte[] header(List<TensorInfo> sorted, Map<String, String> metadata) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
            json.writeStartObject();
            json.writeObjectFieldStart(SafetensorsHeader.METADATA);
            for (Map.Entry<String, String> entry : metadata.entrySet()) {
                json.writeStringField(entry.getKey(), entry.getValue());
            }
            json.writeEndObject();
            long at = 0;
            for (TensorInfo tensor : sorted) {
                json.writeObjectFieldStart(tensor.name());
                json.writeStringField("dtype", tensor.type().label());
                json.writeArrayFieldStart("shape");
                for (long dimension : tensor.shape().dimensions()) {
                    json.writeNumber(dimension);
                }
                json.writeEndArray();
                json.writeArrayFieldStart("data_offsets");
                json.writeNumber(at);
                at += tensor.byteLength();
                json.writeNumber(at);
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        while (out.size() % 8 != 0) {
            out.write(' ');
        }
        return out.toByteArray();
    }
}
