package io.modelassay.matrix;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Enumeration;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * The class path entry with {@link CellMain}: the classes of the matrix that starts the cell, so that both ends write and read
 * the same events. A suite needs no dependency on the matrix for it.
 */
final class CellProgram {
    private static final String PACKAGE = "io/modelassay/matrix/";

    /** A library beside the matrix in one jar means that the jar has them all, and a suite must run on its own. */
    private static final String LIBRARY = "com/fasterxml/jackson/databind/ObjectMapper.class";

    private CellProgram() {}

    /** Made once a JVM. */
    private static final class Entry {
        static final Path PATH = find();
    }

    static Path entry() {
        return Entry.PATH;
    }

    private static Path find() {
        CodeSource source = CellMain.class.getProtectionDomain().getCodeSource();
        try {
            Path place = Path.of(source.getLocation().toURI());
            return Files.isDirectory(place) ? place : withoutLibraries(place);
        } catch (URISyntaxException e) {
            throw new IllegalStateException("The place of the matrix's own classes is no file: " + source, e);
        }
    }

    /** {@code jar}, or a copy of its part for cells where it also holds libraries. */
    static Path withoutLibraries(Path jar) {
        try (ZipFile from = new ZipFile(jar.toFile())) {
            if (from.getEntry(LIBRARY) == null) {
                return jar;
            }
            Path copy = Files.createTempFile("modelassay-cell-", ".jar");
            copy.toFile().deleteOnExit();
            try (ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(copy))) {
                Enumeration<? extends ZipEntry> entries = from.entries();
                while (entries.hasMoreElements()) {
                    ZipEntry entry = entries.nextElement();
                    if (entry.getName().startsWith(PACKAGE) && !entry.isDirectory()) {
                        to.putNextEntry(new ZipEntry(entry.getName()));
                        try (InputStream content = from.getInputStream(entry)) {
                            content.transferTo(to);
                        }
                        to.closeEntry();
                    }
                }
            }
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException("The matrix's own classes in " + jar + " cannot be read", e);
        }
    }
}
