package io.modelassay.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.aether.artifact.Artifact;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Class paths of a module with a parent, a sibling and managed versions. */
class MavenResolverTest {
    private static final String HEAD =
            "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><version>1</version>";
    private static final String PARENT = "<project><modelVersion>4.0.0</modelVersion>"
            + "<parent><groupId>g</groupId><artifactId>parent</artifactId><version>1</version></parent>";

    @TempDir
    private Path folder;

    private MavenModules modules() throws IOException {
        write(
                "pom.xml",
                HEAD + "<artifactId>parent</artifactId><packaging>pom</packaging>"
                        + "<modules><module>lib</module><module>suite</module></modules>"
                        + "<dependencyManagement><dependencies>" + dependency("org.slf4j", "slf4j-api", "2.0.17")
                        + "</dependencies></dependencyManagement></project>");
        write("lib/pom.xml", PARENT + "<artifactId>lib</artifactId></project>");
        write(
                "suite/pom.xml",
                PARENT + "<artifactId>suite</artifactId><dependencies>" + dependency("g", "lib", "1")
                        + "<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId><scope>test</scope></dependency>"
                        + dependency("ai.djl", "api", "0.35.1") + "</dependencies></project>");
        return MavenModules.around(folder.resolve("suite"));
    }

    private static String dependency(String group, String artifact, String version) {
        return "<dependency><groupId>" + group + "</groupId><artifactId>" + artifact + "</artifactId><version>"
                + version + "</version></dependency>";
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private static String version(List<Artifact> artifacts, String name) {
        return artifacts.stream()
                .filter(artifact -> artifact.getArtifactId().equals(name))
                .map(Artifact::getVersion)
                .findFirst()
                .orElse("none");
    }

    @Test
    void aStackWinsOverManagedDirectAndTransitiveVersions() throws Exception {
        MavenModules modules = modules();
        Files.createDirectories(folder.resolve("lib/target/classes"));
        try (MavenResolver resolver = new MavenResolver(false)) {
            List<Artifact> own = resolver.dependencies(modules, Stack.parse("name=own"));
            assertThat(version(own, "slf4j-api")).isEqualTo("2.0.17");
            assertThat(version(own, "gson")).isEqualTo("2.13.1");
            assertThat(own)
                    .filteredOn(artifact -> artifact.getArtifactId().equals("lib"))
                    .allMatch(artifact -> artifact.getPath().endsWith(Path.of("lib", "target", "classes")))
                    .hasSize(1);
            List<Artifact> other = resolver.dependencies(
                    modules, Stack.parse("org.slf4j:slf4j-api=2.0.16,com.google.code.gson:gson=2.10.1"));
            assertThat(version(other, "slf4j-api")).isEqualTo("2.0.16");
            assertThat(version(other, "gson")).isEqualTo("2.10.1");
            assertThat(other).extracting(Artifact::getArtifactId).doesNotHaveDuplicates();
            // A dependency of gson 2.13 alone.
            assertThat(version(own, "error_prone_annotations")).isNotEqualTo("none");
            assertThat(version(other, "error_prone_annotations")).isEqualTo("none");
        }
    }

    @Test
    void aModuleThatIsNotCompiledSaysSo() throws Exception {
        MavenModules modules = modules();
        try (MavenResolver resolver = new MavenResolver(false)) {
            assertThatThrownBy(() -> resolver.dependencies(modules, Stack.parse("name=own")))
                    .isInstanceOf(MatrixException.class)
                    .hasMessage("There are no compiled classes in " + folder.resolve("lib/target/classes")
                            + "\nTry: mvn test-compile");
        }
    }
}
