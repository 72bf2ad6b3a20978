package io.modelassay.junit;

import io.modelassay.checkpoint.FolderRemoval;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Iterator;
import java.util.Optional;
import java.util.stream.Stream;

/** Turns what a test names into a folder on disk. Nothing is opened. */
final class ArtifactLocation {
    private static final String CLASSPATH = "classpath:";
    private static final String FIXTURE = "fixture:";
    private static final String FIXTURES = "io/modelassay/fixtures/";
    private static final String CONFIG = "config.json";
    private static final String ADAPTER_CONFIG = "adapter_config.json";
    private static final String DIFFERENCE = "/variant.json";
    private static final String ASSEMBLER = "io.modelassay.fixtures.Fixtures";

    private ArtifactLocation() {}

    /** The folder, or nothing where it does not exist. */
    static Optional<Path> find(String location, Class<?> test) {
        Optional<String> resource = resource(location);
        return resource.isPresent()
                ? onClassPath(resource.get(), test)
                : Optional.of(path(location)).filter(Files::exists);
    }

    /** What {@link #find} looks for, for a message. */
    static String described(String location) {
        return described(location, CONFIG);
    }

    /** The same for an artifact whose {@code file} shows that it is there. */
    static String described(String location, String file) {
        return resource(location)
                .map(name -> name + "/" + file + " on the class path")
                .orElseGet(() -> path(location).toString());
    }

    private static Path path(String location) {
        return Path.of(location).toAbsolutePath().normalize();
    }

    private static Optional<String> resource(String location) {
        if (location.startsWith(FIXTURE)) {
            return Optional.of(FIXTURES + location.substring(FIXTURE.length()));
        }
        if (location.startsWith(CLASSPATH)) {
            return Optional.of(location.substring(CLASSPATH.length()).replaceFirst("^/", ""));
        }
        return Optional.empty();
    }

    private static Optional<Path> onClassPath(String name, Class<?> test) {
        // A jar need not have entries for folders, so a file that every checkpoint or every adapter has is looked for.
        ClassLoader loader = test.getClassLoader();
        URL checkpoint = loader.getResource(name + "/" + CONFIG);
        URL config = checkpoint == null ? loader.getResource(name + "/" + ADAPTER_CONFIG) : checkpoint;
        if (config == null) {
            return Optional.empty();
        }
        if (loader.getResource(name + DIFFERENCE) != null) {
            return Optional.of(assembled(name, test));
        }
        try {
            URI uri = config.toURI();
            return Optional.of(uri.getScheme().equals("file") ? Path.of(uri).resolveSibling("") : unpacked(uri, name));
        } catch (URISyntaxException | IOException e) {
            throw new IllegalStateException("The class-path folder " + name + " cannot be read", e);
        }
    }

    /** A fixture that is stored as its difference to another is put together by the jar of fixtures itself. */
    private static Path assembled(String name, Class<?> test) {
        try {
            return (Path) Class.forName(ASSEMBLER, true, test.getClassLoader())
                    .getMethod("path", String.class)
                    .invoke(null, name.substring(FIXTURES.length()));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("The fixture " + name + " cannot be put together", e);
        }
    }

    /** Copies a folder out of a jar, since files in a jar cannot be mapped; once for each state of the jar. */
    private static Path unpacked(URI uri, String name) throws IOException {
        String specific = uri.getRawSchemeSpecificPart();
        Path jar = Path.of(URI.create(specific.substring(0, specific.indexOf("!/"))));
        String state = jar.getFileName() + "-" + Files.size(jar) + "-"
                + Files.getLastModifiedTime(jar).toMillis();
        Path target = Path.of("target", "modelassay", "classpath", state, name).toAbsolutePath();
        if (Files.exists(target)) {
            return target;
        }
        Files.createDirectories(target.getParent());
        Path building = Files.createTempDirectory(target.getParent(), "unpacking");
        try (FileSystem content = FileSystems.newFileSystem(jar)) {
            copy(content.getPath(name), building);
        }
        try {
            Files.move(building, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            // Another test JVM was faster; its copy is as good.
            if (!Files.exists(target)) {
                throw e;
            }
            FolderRemoval.remove(building);
        }
        return target;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Iterator<Path> i = files.iterator(); i.hasNext(); ) {
                Path file = i.next();
                Path copied = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copied);
                } else {
                    Files.copy(file, copied);
                }
            }
        }
    }
}
