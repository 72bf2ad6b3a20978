package io.modelassay.evaluation;

import io.modelassay.checkpoint.ContentHash;
import io.modelassay.checkpoint.JsonText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The content of this product's classes and kernels. What a build computed is no answer for another build, whose code may
 * compute otherwise; a version number alone would not tell two builds of a snapshot apart.
 */
final class ProductCode {
    private static final String ROOT = "io/modelassay/";

    private ProductCode() {}

    /** SHA-256 over the classes and resources that this class was loaded with; computed once. */
    static String hash() {
        return Holder.HASH;
    }

    private static final class Holder {
        private static final String HASH = of(location());
    }

    private static Path location() {
        try {
            URI uri = ProductCode.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI();
            return Path.of(uri);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The hash of the code in {@code place}, a jar or a folder of classes. */
    static String of(Path place) {
        try {
            return Files.isDirectory(place) ? ofFolder(place.resolve(ROOT)) : ofJar(place);
        } catch (IOException e) {
            throw new UncheckedIOException("The code in " + place + " cannot be read", e);
        }
    }

    private static String ofFolder(Path folder) throws IOException {
        SortedMap<String, Path> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            all.filter(Files::isRegularFile)
                    .forEach(file -> files.put(folder.relativize(file).toString(), file));
        }
        return ContentHash.of(files);
    }

    /** A jar tells a checksum of each entry, so none has to be read. */
    private static String ofJar(Path jar) throws IOException {
        SortedMap<String, String> entries = new TreeMap<>();
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            zip.stream()
                    .filter(entry -> entry.getName().startsWith(ROOT) && !entry.isDirectory())
                    .forEach(entry -> entries.put(entry.getName(), sum(entry)));
        }
        return ContentHash.of(JsonText.line(entries).getBytes(StandardCharsets.UTF_8));
    }

    private static String sum(ZipEntry entry) {
        return entry.getSize() + " " + Long.toHexString(entry.getCrc());
    }
}
