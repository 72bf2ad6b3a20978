package io.modelassay.matrix;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.maven.model.Dependency;
import org.apache.maven.model.Model;
import org.apache.maven.model.Parent;
import org.apache.maven.model.io.xpp3.MavenXpp3Reader;
import org.codehaus.plexus.util.xml.pull.XmlPullParserException;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.repository.WorkspaceReader;
import org.eclipse.aether.repository.WorkspaceRepository;
import org.jspecify.annotations.Nullable;

/**
 * The modules that are built together with a suite: their compiled classes stand in for artifacts of a repository. Found from
 * the topmost folder above the suite whose subfolders down to it all have a {@code pom.xml}.
 */
final class MavenModules implements WorkspaceReader {
    private static final String POM = "pom.xml";

    private final WorkspaceRepository repository = new WorkspaceRepository("reactor");
    private final Map<String, Module> modules = new LinkedHashMap<>();
    private final Module suite;

    /** A module: its folder, and its own pom without what it inherits. */
    record Module(Path folder, Model model) {
        String group() {
            Parent parent = model.getParent();
            return model.getGroupId() == null && parent != null ? parent.getGroupId() : model.getGroupId();
        }

        private String version() {
            Parent parent = model.getParent();
            return model.getVersion() == null && parent != null ? parent.getVersion() : model.getVersion();
        }

        private String key() {
            return group() + ":" + model.getArtifactId();
        }

        Path classes() {
            return folder.resolve("target").resolve("classes");
        }

        Path testClasses() {
            return folder.resolve("target").resolve("test-classes");
        }

        Path pom() {
            return folder.resolve(POM);
        }
    }

    private MavenModules(Module suite) {
        this.suite = suite;
    }

    static MavenModules around(Path folder) {
        Path root = folder;
        for (Path above = folder.getParent();
                above != null && Files.isRegularFile(above.resolve(POM));
                above = above.getParent()) {
            root = above;
        }
        MavenModules modules = new MavenModules(read(folder.resolve(POM)));
        modules.add(root);
        modules.modules.put(modules.suite.key(), modules.suite);
        return modules;
    }

    private void add(Path folder) {
        if (!Files.isRegularFile(folder.resolve(POM))) {
            return;
        }
        Module module = read(folder.resolve(POM));
        if (modules.putIfAbsent(module.key(), module) != null) {
            return;
        }
        List<String> names = new ArrayList<>(module.model().getModules());
        module.model().getProfiles().forEach(profile -> names.addAll(profile.getModules()));
        names.forEach(name -> add(folder.resolve(name).normalize()));
    }

    /** The module of a pom, as it is written. */
    static Module read(Path pom) {
        try (InputStream stream = Files.newInputStream(pom)) {
            return new Module(pom.resolveSibling(""), new MavenXpp3Reader().read(stream));
        } catch (IOException | XmlPullParserException e) {
            throw new MatrixException(
                    MatrixProblem.INVALID_SUITE, pom + " cannot be read: " + e.getMessage(), "mvn validate", e);
        }
    }

    Module suite() {
        return suite;
    }

    List<Module> all() {
        return List.copyOf(modules.values());
    }

    /** The suite as an artifact; its version may be an expression, which only the model builder knows. */
    Artifact suiteArtifact() {
        return new DefaultArtifact(suite.group(), suite.model().getArtifactId(), "pom", suite.version());
    }

    @Override
    public WorkspaceRepository getRepository() {
        return repository;
    }

    @Override
    public @Nullable File findArtifact(Artifact artifact) {
        return module(artifact)
                .map(module -> file(module, artifact))
                .map(Path::toFile)
                .orElse(null);
    }

    private Optional<Module> module(Artifact artifact) {
        return Optional.ofNullable(modules.get(artifact.getGroupId() + ":" + artifact.getArtifactId()))
                .filter(module ->
                        module.version().contains("${") || module.version().equals(artifact.getBaseVersion()));
    }

    /** The suite and the modules that it depends on, also through others; told by names alone. */
    List<Module> needed() {
        List<Module> needed = new ArrayList<>(List.of(suite));
        for (int i = 0; i < needed.size(); i++) {
            Set<String> names = needed.get(i).model().getDependencies().stream()
                    .map(Dependency::getArtifactId)
                    .collect(Collectors.toSet());
            modules.values().stream()
                    .filter(module -> names.contains(module.model().getArtifactId()) && !needed.contains(module))
                    .forEach(needed::add);
        }
        return needed;
    }

    private static @Nullable Path file(Module module, Artifact artifact) {
        if (artifact.getExtension().equals("pom")) {
            return module.pom();
        }
        if (!artifact.getExtension().equals("jar")) {
            return null;
        }
        @Nullable
        Path classes = switch (artifact.getClassifier()) {
            case "" -> module.classes();
            case "tests" -> module.testClasses();
            default -> null;
        };
        if (classes != null && !Files.isDirectory(classes)) {
            throw notCompiled(classes);
        }
        return classes;
    }

    static MatrixException notCompiled(Path classes) {
        return new MatrixException(
                MatrixProblem.NOT_COMPILED, "There are no compiled classes in " + classes, "mvn test-compile");
    }

    @Override
    public List<String> findVersions(Artifact artifact) {
        return module(artifact).map(module -> List.of(artifact.getVersion())).orElse(List.of());
    }
}
