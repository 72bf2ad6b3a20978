package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import org.apiguardian.api.API;

/** Writes a file so that a reader sees the old one or the new one, never half of either. */
@API(status = API.Status.INTERNAL)
public final class WholeFile {
    private WholeFile() {}

    /** Makes or replaces {@code file}, in UTF-8. What that has no form for, half a surrogate pair, becomes a question mark. */
    public static void write(Path file, String content) throws IOException {
        Path temporary = beside(file);
        try {
            Files.write(temporary, content.getBytes(StandardCharsets.UTF_8));
            move(temporary, file);
        } catch (NoSuchFileException e) {
            throw new IOException("the folder was removed meanwhile: " + file.getParent(), e);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /**
     * A new name beside {@code file}, for its content while that is written. {@link Files#createTempFile} would make a file that
     * only this user can read.
     */
    public static Path beside(Path file) {
        return file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    }

    /** Puts {@code temporary} in the place of {@code file}, at once where the file system can. */
    public static void move(Path temporary, Path file) throws IOException {
        try {
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
