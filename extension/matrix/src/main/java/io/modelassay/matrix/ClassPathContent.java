package io.modelassay.matrix;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipFile;

/** What lies in the folders and jars of a class path. */
final class ClassPathContent {
    private ClassPathContent() {}

    static boolean has(List<Path> entries, String resource) {
        return entries.stream().anyMatch(entry -> has(entry, resource));
    }

    private static boolean has(Path entry, String resource) {
        if (Files.isDirectory(entry)) {
            return Files.isRegularFile(entry.resolve(resource));
        }
        try (ZipFile jar = new ZipFile(entry.toFile())) {
            return jar.getEntry(resource) != null;
        } catch (IOException e) {
            throw new UncheckedIOException("The class path entry " + entry + " cannot be read", e);
        }
    }
}
