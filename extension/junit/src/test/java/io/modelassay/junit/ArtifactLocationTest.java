package io.modelassay.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names of artifacts, and the folders that they lead to. */
class ArtifactLocationTest {
    @TempDir
    Path folder;

    /** Goes into a jar of its own. */
    static class Inhabitant {}

    @Test
    void fixturesPathsAndClassPathLeadToFolders() {
        // A folder of classes as it is, or the copy out of the jar.
        Path llama = find("fixture:tiny-llama");
        assertThat(llama.resolve("config.json"))
                .hasSameBinaryContentAs(Fixtures.path("tiny-llama").resolve("config.json"));
        assertThat(find("classpath:io/modelassay/fixtures/tiny-llama")).isEqualTo(llama);
        assertThat(find("classpath:/io/modelassay/fixtures/tiny-llama")).isEqualTo(llama);
        assertThat(find(llama.toString())).isEqualTo(llama);
        Path relative = Path.of("").toAbsolutePath().relativize(llama);
        assertThat(find(relative.toString())).isEqualTo(llama);
        assertThat(find(llama + "/../tiny-llama")).isEqualTo(llama);
    }

    private static Path find(String location) {
        return ArtifactLocation.find(location, ArtifactLocationTest.class).orElseThrow();
    }

    @Test
    void whatIsNotThereIsNotFound() {
        for (String location : List.of("none", "/none", "fixture:none", "fixture:", "classpath:none", "classpath:")) {
            assertThat(ArtifactLocation.find(location, ArtifactLocationTest.class))
                    .as(location)
                    .isEmpty();
        }
    }

    @Test
    void aFolderInAJarIsUnpackedOnce() throws Exception {
        String name = "models-" + UUID.randomUUID() + "/tiny";
        Path jar = folder.resolve("models.jar");
        write(jar, name);
        try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
            Class<?> inhabitant = Class.forName(Inhabitant.class.getName(), false, loader);
            Path found = ArtifactLocation.find("classpath:" + name, inhabitant).orElseThrow();
            try (Checkpoint unpacked = Checkpoint.open(found);
                    Checkpoint original = Checkpoint.open(Fixtures.path("tiny-llama"))) {
                assertThat(unpacked.contentHash()).isEqualTo(original.contentHash());
            }
            Files.writeString(found.resolve("mark"), "");
            assertThat(ArtifactLocation.find("classpath:" + name, inhabitant)).contains(found);
            assertThat(found.resolve("mark")).exists();
            assertThat(ArtifactLocation.find("classpath:none", inhabitant)).isEmpty();
            delete(found);
        }
    }

    private static void write(Path jar, String name) throws IOException {
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.list(Fixtures.path("tiny-llama"))) {
            for (Path file : files.sorted().toList()) {
                out.putNextEntry(new JarEntry(name + "/" + file.getFileName()));
                Files.copy(file, out);
                out.closeEntry();
            }
            String type = Inhabitant.class.getName().replace('.', '/') + ".class";
            out.putNextEntry(new JarEntry(type));
            try (InputStream in = ArtifactLocationTest.class.getClassLoader().getResourceAsStream(type)) {
                in.transferTo(out);
            }
            out.closeEntry();
        }
    }

    private static void delete(Path found) throws IOException {
        try (Stream<Path> files = Files.list(found)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(found);
        Files.delete(found.getParent());
    }
}
