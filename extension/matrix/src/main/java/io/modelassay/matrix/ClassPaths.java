package io.modelassay.matrix;

import io.modelassay.failure.Problem;
import io.modelassay.junit.ModelAssayExtension;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;

/** The class path of a suite under a stack. */
final class ClassPaths implements AutoCloseable {
    private static final String LAUNCHER = "org/junit/platform/launcher/Launcher.class";

    private static final String PROGRAM = CellMain.class.getName().replace('.', '/') + ".class";
    private static final String EXTENSION = ModelAssayExtension.class.getName().replace('.', '/') + ".class";

    private final MavenResolver resolver;

    private ClassPaths(MavenResolver resolver) {
        this.resolver = resolver;
    }

    /**
     * A resolver of class paths.
     *
     * @throws MatrixException if Maven Resolver is not on the class path, or Maven's settings cannot be read
     */
    static ClassPaths open(boolean offline) {
        try {
            return new ClassPaths(new MavenResolver(offline));
        } catch (NoClassDefFoundError e) {
            throw new MatrixException(
                    MatrixProblem.MISSING_RESOLVER,
                    "A library matrix resolves class paths with Maven Resolver, which is not on the class path",
                    "the dependencies org.apache.maven.resolver:maven-resolver-supplier-mvn3:2.0.17 and"
                            + " org.apache.maven:maven-settings-builder:3.9.15, or modelassay.jar, which has both",
                    e);
        }
    }

    @Override
    public void close() {
        resolver.close();
    }

    synchronized ResolvedClassPath resolve(Suite suite, Stack stack) throws UnresolvableException {
        List<Path> entries = new ArrayList<>(stack.prepend());
        SortedMap<String, String> libraries = new TreeMap<>();
        Path tests;
        if (suite.testClasses().isPresent()) {
            tests = suite.testClasses().get();
            entries.add(tests);
            for (Path entry : suite.classPath()) {
                entries.add(listed(entry, stack, libraries));
            }
        } else {
            MavenModules modules = MavenModules.around(suite.folder());
            tests = modules.suite().testClasses();
            if (!Files.isDirectory(tests)) {
                throw MavenModules.notCompiled(tests);
            }
            entries.add(tests);
            if (Files.isDirectory(modules.suite().classes())) {
                entries.add(modules.suite().classes());
            }
            for (Artifact artifact : resolver.dependencies(modules, stack)) {
                entries.add(artifact.getPath());
                libraries.put(key(artifact), artifact.getBaseVersion());
            }
        }
        addLauncher(entries, libraries);
        checkEffect(stack, libraries);
        checkChild(suite, entries);
        if (!ClassPathContent.has(entries, PROGRAM)) {
            entries.add(CellProgram.entry());
        }
        return new ResolvedClassPath(tests, entries, libraries);
    }

    /** The launcher belongs to whoever runs a suite, here the matrix; its version is that of the suite's JUnit Platform. */
    private void addLauncher(List<Path> entries, SortedMap<String, String> libraries) throws UnresolvableException {
        String platform = libraries.get("org.junit.platform:junit-platform-commons");
        if (platform == null || ClassPathContent.has(entries, LAUNCHER)) {
            return;
        }
        Artifact launcher = new DefaultArtifact("org.junit.platform", "junit-platform-launcher", "jar", platform);
        entries.add(resolver.file(launcher));
        libraries.put(key(launcher), platform);
    }

    /** A jar that the stack replaces, or the entry itself. */
    private Path listed(Path entry, Stack stack, SortedMap<String, String> libraries) throws UnresolvableException {
        Artifact artifact = JarCoordinates.of(entry).orElse(null);
        if (artifact == null) {
            return entry;
        }
        String version = MavenResolver.versionOf(stack, artifact).orElse(artifact.getVersion());
        libraries.put(key(artifact), version);
        return version.equals(artifact.getVersion()) ? entry : resolver.file(artifact.setVersion(version));
    }

    private static String key(Artifact artifact) {
        String key = artifact.getGroupId() + ":" + artifact.getArtifactId();
        return artifact.getClassifier().isEmpty() ? key : key + ":" + artifact.getClassifier();
    }

    /** A version that replaces nothing would compare the suite's own libraries with themselves. */
    private static void checkEffect(Stack stack, SortedMap<String, String> libraries) throws UnresolvableException {
        for (String asked : stack.versions().keySet()) {
            Set<String> patterns = new TreeSet<>();
            if (asked.contains(":")) {
                patterns.add(asked);
            } else {
                patterns.addAll(Axis.named(asked).artifacts().keySet());
            }
            if (libraries.keySet().stream()
                    .noneMatch(library -> patterns.stream().anyMatch(pattern -> covers(pattern, library)))) {
                throw new UnresolvableException(Problem.text(
                        "The stack asks for " + asked + " " + stack.versions().get(asked)
                                + ", but the suite's class path has none of " + String.join(", ", patterns),
                        "an axis or coordinate that the suite uses"));
            }
        }
    }

    private static boolean covers(String pattern, String library) {
        return pattern.endsWith(":*")
                ? library.startsWith(pattern.substring(0, pattern.length() - 1))
                : library.equals(pattern) || library.startsWith(pattern + ":");
    }

    private static void checkChild(Suite suite, List<Path> entries) {
        if (!ClassPathContent.has(entries, EXTENSION)) {
            throw new MatrixException(
                    MatrixProblem.NO_CHILD,
                    "The suite " + suite.name() + " has no ModelAssay on its class path that can run in a matrix",
                    "the dependency io.modelassay:modelassay-junit of this version in the suite");
        }
        if (!ClassPathContent.has(entries, LAUNCHER)) {
            throw new MatrixException(
                    MatrixProblem.NO_CHILD,
                    "The suite " + suite.name() + " has no JUnit Platform Launcher on its class path",
                    "the dependency org.junit.platform:junit-platform-launcher in the suite");
        }
    }
}
