package io.modelassay.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

    /** The engine with what it needs, JUnit and AssertJ with what they need, and annotations. */
    private static final Pattern OTHERS = Pattern.compile(
            "ai\\.djl.*|net\\.java\\.dev\\.jna|com\\.google\\..*|org\\.apache\\.commons|commons-.*|org\\.slf4j"
                    + "|org\\.junit.*|org\\.opentest4j|org\\.apiguardian|org\\.assertj|net\\.bytebuddy");

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
        SortedMap<String, String> versions = new TreeMap<>();
        all(pom).stream()
                .filter(artifact -> artifact.getGroupId().startsWith("org.junit."))
                .forEach(artifact -> versions.put(artifact.getArtifactId(), artifact.getVersion()));
        return versions;
    }

    /** Every artifact on the test class path of a project with these parts of a pom. */
    private List<Artifact> all(String pom) throws IOException, UnresolvableException {
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
        try (MavenResolver resolver = new MavenResolver(false)) {
            return resolver.dependencies(MavenModules.around(consumer), Stack.parse("name=own"));
        }
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

    /** Neither a command line, nor a template engine, nor Maven; Jackson is the one library beside the engine's own. */
    @Test
    void theJUnitModuleBringsFewLibraries() throws Exception {
        List<Artifact> all = all("<dependencies>" + OURS + "</dependencies>");
        assertThat(all.stream()
                        .filter(artifact ->
                                !OTHERS.matcher(artifact.getGroupId()).matches()))
                .extracting(Artifact::getArtifactId)
                .containsExactlyInAnyOrder(
                        "modelassay-artifact",
                        "modelassay-engine",
                        "modelassay-core",
                        "modelassay-junit",
                        "jackson-annotations",
                        "jackson-core",
                        "jackson-databind",
                        "jspecify");
    }

    @Test
    void aProjectThatExcludesTheEngineDownloadsNone() throws Exception {
        String excluding = OURS.replace(
                "</dependency>",
                Stream.of("ai.djl", "ai.djl.pytorch", "ai.djl.huggingface")
                        .map(group ->
                                "<exclusion><groupId>" + group + "</groupId><artifactId>*</artifactId></exclusion>")
                        .collect(Collectors.joining("", "<exclusions>", "</exclusions></dependency>")));
        assertThat(all("<dependencies>" + excluding + "</dependencies>"))
                .extracting(Artifact::getArtifactId)
                .contains("modelassay-junit")
                .doesNotContain("pytorch-native-cpu", "pytorch-jni", "tokenizers", "jna");
    }

    @Test
    void theBomOfThisProjectAlignsIt() throws Exception {
        String bom = "<dependencyManagement><dependencies><dependency><groupId>io.modelassay</groupId>"
                + "<artifactId>modelassay-bom</artifactId><version>0.1.0-SNAPSHOT</version><type>pom</type>"
                + "<scope>import</scope></dependency></dependencies></dependencyManagement>";
        List<Artifact> all = all(bom + "<dependencies>"
                + (OURS + jupiter(""))
                        .replace("<version>0.1.0-SNAPSHOT</version>", "")
                        .replace("<version></version>", "")
                + "</dependencies>");
        assertThat(all).extracting(Artifact::getArtifactId).contains("modelassay-junit", "junit-jupiter");
    }

    /** JUnit 5 numbers its platform apart: 5.14.1 runs on 1.14.1. */
    private static String platform(String jupiter) {
        return jupiter.replaceFirst("^5\\.", "1.");
    }
}
