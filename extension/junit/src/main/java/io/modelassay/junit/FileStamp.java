package io.modelassay.junit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The state of a file as far as it shows without reading it. A file that is written again, or replaced by another of the
 * same name, has another stamp.
 *
 * @param file the file
 * @param size bytes
 * @param modified when its content changed last
 * @param changed when its content or its attributes changed last, which nobody can set; {@code modified} where the file
 *     system does not tell
 * @param identity what the file system knows it by, if it tells
 */
record FileStamp(
        Path file,
        long size,
        FileTime modified,
        FileTime changed,
        @Nullable Object identity) {
    /** Artifacts hold files, and shards at most a folder below. */
    private static final int DEPTH = 2;

    /** The stamps of all files in {@code places}, files or folders, sorted by path; none for a place that is not there. */
    static List<FileStamp> of(Stream<Path> places) {
        List<FileStamp> stamps = new ArrayList<>();
        places.filter(Files::exists).forEach(place -> {
            try (Stream<Path> files = Files.walk(place, DEPTH, FileVisitOption.FOLLOW_LINKS)) {
                files.filter(Files::isRegularFile).sorted().map(FileStamp::of).forEach(stamps::add);
            } catch (IOException e) {
                throw new UncheckedIOException("The files of " + place + " cannot be listed", e);
            }
        });
        return Collections.unmodifiableList(stamps);
    }

    private static FileStamp of(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            FileTime modified = attributes.lastModifiedTime();
            return new FileStamp(
                    file, attributes.size(), modified, changed(file).orElse(modified), attributes.fileKey());
        } catch (IOException e) {
            throw new UncheckedIOException("The file " + file + " cannot be read", e);
        }
    }

    private static Optional<FileTime> changed(Path file) throws IOException {
        return file.getFileSystem().supportedFileAttributeViews().contains("unix")
                ? Optional.of((FileTime) Files.getAttribute(file, "unix:ctime"))
                : Optional.empty();
    }
}
