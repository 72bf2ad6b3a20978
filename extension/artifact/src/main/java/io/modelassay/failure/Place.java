package io.modelassay.failure;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Where a problem lies: a folder, or a file with the tensor and the byte offset in it. Every part may be absent. */
@API(status = API.Status.EXPERIMENTAL)
public final class Place implements Serializable {
    private static final long serialVersionUID = 1L;

    /** No place is known. */
    public static final Place NONE = new Place(null, null, null, -1);

    // Text, since not every Path can be serialized.
    private final @Nullable String folder;
    private final @Nullable String file;
    private final @Nullable String tensor;
    private final long byteOffset;

    private Place(@Nullable String folder, @Nullable String file, @Nullable String tensor, long byteOffset) {
        this.folder = folder;
        this.file = file;
        this.tensor = tensor;
        this.byteOffset = byteOffset;
    }

    /** An artifact as a whole. */
    public static Place folder(Path folder) {
        return new Place(folder.toString(), null, null, -1);
    }

    /** A file. */
    public static Place file(Path file) {
        return NONE.inFile(file);
    }

    /** The same place, in {@code file}. */
    public Place inFile(Path file) {
        return new Place(folder, file.toString(), tensor, byteOffset);
    }

    /** The same place, in the tensor {@code name}. */
    public Place inTensor(String name) {
        return new Place(folder, file, name, byteOffset);
    }

    /** The same place, {@code offset} bytes from the start of the file. */
    public Place at(long offset) {
        return new Place(folder, file, tensor, offset);
    }

    /** The file at fault, if the problem lies in one file. */
    public Optional<Path> file() {
        return Optional.ofNullable(file).map(Path::of);
    }

    /** The tensor at fault, if the problem lies in one tensor; unabridged, unlike in messages. */
    public Optional<String> tensor() {
        return Optional.ofNullable(tensor);
    }

    /** Bytes from the start of {@link #file()} to the fault, where the fault has a place. */
    public OptionalLong byteOffset() {
        return byteOffset < 0 ? OptionalLong.empty() : OptionalLong.of(byteOffset);
    }

    /** One line of a message for each part that is known; each starts with a line end. */
    String lines() {
        StringBuilder out = new StringBuilder();
        if (folder != null) {
            out.append("\n  ").append(Printable.line(folder));
        }
        if (file != null) {
            out.append("\n  file ").append(Printable.line(file));
        }
        if (tensor != null) {
            out.append("\n  tensor ").append(Printable.quote(tensor));
        }
        if (byteOffset >= 0) {
            out.append("\n  byte offset ").append(byteOffset);
        }
        return out.toString();
    }
}
