package io.modelassay.matrix;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;

/** Whose artifact a jar is: by the folders of a Maven or Gradle repository that it lies in, else by its META-INF/maven. */
final class JarCoordinates {
    private JarCoordinates() {}

    static Optional<Artifact> of(Path entry) {
        if (!Files.isRegularFile(entry)) {
            return Optional.empty();
        }
        return ofGradleCache(entry).or(() -> ofMavenRepository(entry)).or(() -> ofProperties(entry));
    }

    /** {@code files-2.1/GROUP/ARTIFACT/VERSION/SHA1/ARTIFACT-VERSION[-CLASSIFIER].jar}. */
    private static Optional<Artifact> ofGradleCache(Path jar) {
        int count = jar.getNameCount();
        if (count < 6 || !jar.getName(count - 6).toString().startsWith("files-")) {
            return Optional.empty();
        }
        return named(
                jar,
                jar.getName(count - 5).toString(),
                jar.getName(count - 4).toString(),
                jar.getName(count - 3).toString());
    }

    /** {@code …/ARTIFACT-VERSION[-CLASSIFIER].jar} beside {@code ARTIFACT-VERSION.pom}, which names the group. */
    private static Optional<Artifact> ofMavenRepository(Path jar) {
        Path folder = jar.getParent();
        if (folder == null || jar.getNameCount() < 3) {
            return Optional.empty();
        }
        String version = String.valueOf(folder.getFileName());
        String artifact = jar.getName(jar.getNameCount() - 3).toString();
        Path pom = folder.resolve(artifact + "-" + version + ".pom");
        return Files.isRegularFile(pom)
                ? named(jar, MavenModules.read(pom).group(), artifact, version)
                : Optional.empty();
    }

    private static Optional<Artifact> named(Path jar, String group, String artifact, String version) {
        String name = String.valueOf(jar.getFileName());
        String stem = artifact + "-" + version;
        if (!name.startsWith(stem) || !name.endsWith(".jar")) {
            return Optional.empty();
        }
        String rest = name.substring(stem.length(), name.length() - ".jar".length());
        return Optional.of(
                new DefaultArtifact(group, artifact, rest.startsWith("-") ? rest.substring(1) : "", "jar", version));
    }

    /** Only of a jar with one such file: a shaded jar has those of many artifacts. */
    private static Optional<Artifact> ofProperties(Path jar) {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            List<? extends ZipEntry> found = zip.stream()
                    .filter(entry -> entry.getName().startsWith("META-INF/maven/")
                            && entry.getName().endsWith("/pom.properties"))
                    .toList();
            if (found.size() != 1) {
                return Optional.empty();
            }
            Properties pom = new Properties();
            try (InputStream stream = zip.getInputStream(found.get(0))) {
                pom.load(stream);
            }
            return Optional.of(new DefaultArtifact(
                    pom.getProperty("groupId"), pom.getProperty("artifactId"), "jar", pom.getProperty("version")));
        } catch (IOException e) {
            throw new UncheckedIOException("The class path entry " + jar + " cannot be read", e);
        }
    }
}
