package io.modelassay.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.eclipse.aether.artifact.Artifact;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a project gets of JUnit that depends on the published artifact, by this project's own poms: one version throughout,
 * that which the project names, and no launcher.
 */
class ConsumerDependenciesTest {
    private static final Path PROJECT = Path.of("../..").toAbsolutePath().normalize();
    private static final String OURS = dependency("io.modelassay", "modelassay-junit", "0.1.0-SNAPSHOT");

    @TempDir
    private Path folder;

    private static String dependency(String group, String artifact, String version) {
        return "<dependency><groupId>" + group + "</groupId><artifactId>" + artifact + "</artifactId><version>"
                + version + "</version><scope>test</scope></dependency>";
    }

    private static String jupiter(String version) {
        return dependency("org.junit.jupiter", "junit-jupiter", version);
    }

    /** Versions of the artifacts of JUnit that a project with these parts of a pom has. */
    private SortedMap<String, String> junit(String pom) throws IOException, UnresolvableException {
        Files.copy(PROJECT.resolve("pom.xml"), folder.resolve("pom.xml"));
        for (String module : List.of("", "artifact", "engine", "core", "junit", "matrix", "cli", "bom")) {
            Path place = Files.createDirectories(folder.resolve("extension").resolve(module));
            Files.copy(PROJECT.resolve("extension").resolve(module).resolve("pom.xml"), place.resolve("pom.xml"));
            Files.createDirectories(place.resolve("target/classes"));
        }
        Path consumer = Files.createDirectories(folder.resolve("consumer"));
        Files.writeString(
                consumer.resolve("pom.xml"),
                "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>consumer</artifactId>"
                        + "<version>1</version>" + pom + "</project>");
        SortedMap<String, String> versions = new TreeMap<>();
        try (MavenResolver resolver = new MavenResolver(false)) {
            List<Artifact> all = resolver.dependencies(MavenModules.around(consumer), Stack.parse("name=own"));
            all.stream()
                    .filter(artifact -> artifact.getGroupId().startsWith("org.junit."))
                    .forEach(artifact -> versions.put(artifact.getArtifactId(), artifact.getVersion()));
        }
        return versions;
    }

    @ParameterizedTest
    @ValueSource(strings = {"6.1.0", "5.14.1"})
    void theVersionThatTheProjectNamesIsTheOnlyOne(String version) throws Exception {
        SortedMap<String, String> behind = junit("<dependencies>" + OURS + jupiter(version) + "</dependencies>");
        assertThat(behind).containsKeys("junit-jupiter-api", "junit-jupiter-engine", "junit-platform-commons");
        assertThat(behind).doesNotContainKey("junit-platform-launcher");
        assertThat(behind.values()).allMatch(found -> found.equals(version) || found.equals(platform(version)));
    }

    @Test
    void theOrderOfTheProjectsDependenciesDecidesNothing() throws Exception {
        SortedMap<String, String> before = junit("<dependencies>" + jupiter("6.1.0") + OURS + "</dependencies>");
        assertThat(before.values()).containsOnly("6.1.0");
    }

    @Test
    void aBomAlignsAll() throws Exception {
        SortedMap<String, String> aligned = junit("<dependencyManagement><dependencies><dependency>"
                + "<groupId>org.junit</groupId><artifactId>junit-bom</artifactId><version>6.1.0</version>"
                + "<type>pom</type><scope>import</scope></dependency></dependencies></dependencyManagement>"
                + "<dependencies>" + OURS + "</dependencies>");
        assertThat(aligned).containsKeys("junit-jupiter-api", "junit-jupiter-engine");
        assertThat(aligned.values()).containsOnly("6.1.0");
    }

    @Test
    void withoutAVersionOfItsOwnTheProjectHasAnEngine() throws Exception {
        SortedMap<String, String> ours = junit("<dependencies>" + OURS + "</dependencies>");
        assertThat(ours).containsKeys("junit-jupiter-api", "junit-jupiter-engine");
        assertThat(ours).doesNotContainKey("junit-platform-launcher");
    }

    /** JUnit 5 numbers its platform apart: 5.14.1 runs on 1.14.1. */
    private static String platform(String jupiter) {
        return jupiter.replaceFirst("^5\\.", "1.");
    }
}
