package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FixturesTests {

    @Test
    void namesThatAreNoFixtures() {
        assertThatThrownBy(() -> Fixtures.path("no-such-model"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("no fixture \"no-such-model\"; there are [");
        assertThatThrownBy(() -> Fixtures.path("../fixtures")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Fixtures.path("/etc")).isInstanceOf(IllegalArgumentException.class);
    }

    /** Packs the classes and one made-up fixture, and asks them in a class loader of their own. */
    @Test
    void fixturesComeOutOfAJar(@TempDir Path folder) throws Exception {
        Path jar = folder.resolve("fixtures.jar");
        Path classes = Path.of(Fixtures.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            if (Files.isDirectory(classes)) {
                addClasses(classes, out);
            }
            out.putNextEntry(new JarEntry("io/modelassay/fixtures/toy/sub/config.json"));
            out.write('{');
        }
        if (!Files.isDirectory(classes)) {
            return; // The build already runs against the jar.
        }
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {jar.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
            Path toy = pathOf(loader, "toy");
            assertThat(toy.resolve("sub/config.json")).hasContent("{");
            assertThat(pathOf(loader, "toy")).isEqualTo(toy);
            assertThatThrownBy(() -> pathOf(loader, "x")).hasMessage("no fixture \"x\"; there are [toy]");
            deleteTree(toy.getParent());
        }
    }

    private static void addClasses(Path classes, JarOutputStream out) throws IOException {
        try (Stream<Path> files = Files.walk(classes, FileVisitOption.FOLLOW_LINKS)) {
            for (Path file :
                    (Iterable<Path>) files.filter(path -> path.toString().endsWith(".class"))::iterator) {
                out.putNextEntry(
                        new JarEntry(classes.relativize(file).toString().replace('\\', '/')));
                out.write(Files.readAllBytes(file));
            }
        }
    }

    private static Path pathOf(ClassLoader loader, String name) throws Exception {
        try {
            return (Path) loader.loadClass(Fixtures.class.getName())
                    .getMethod("path", String.class)
                    .invoke(null, name);
        } catch (InvocationTargetException e) {
            throw (Exception) e.getCause();
        }
    }

    private static void deleteTree(Path root) {
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
