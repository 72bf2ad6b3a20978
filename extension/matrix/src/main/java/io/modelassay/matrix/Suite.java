package io.modelassay.matrix;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * Compiled tests that a matrix repeats, and which of them.
 *
 * @param name unique in a matrix
 * @param folder the working directory of its JVMs; the Maven module's folder, where it is one
 * @param testClasses the folder of compiled tests; empty for a Maven module, which knows its own
 * @param classPath the other entries of its class path; empty for a Maven module
 * @param selected classes, packages and methods ({@code CLASS#METHOD}); empty for all classes named as tests
 * @param includedTags tag expressions of which a test must match one; empty for all
 * @param excludedTags tag expressions of which a test may match none
 */
@API(status = API.Status.EXPERIMENTAL)
public record Suite(
        String name,
        Path folder,
        Optional<Path> testClasses,
        List<Path> classPath,
        List<String> selected,
        List<String> includedTags,
        List<String> excludedTags) {
    /** Copies what it is given. */
    public Suite {
        classPath = List.copyOf(classPath);
        selected = List.copyOf(selected);
        includedTags = List.copyOf(includedTags);
        excludedTags = List.copyOf(excludedTags);
    }

    /**
     * The tests of a Maven module, which must be compiled.
     *
     * @throws MatrixException if {@code folder} has no {@code pom.xml}
     */
    public static Suite ofModule(Path folder) {
        Path module = folder.toAbsolutePath().normalize();
        if (!Files.isRegularFile(module.resolve("pom.xml"))) {
            throw new MatrixException(
                    MatrixProblem.INVALID_SUITE,
                    "The suite " + module + " is no Maven module: it has no pom.xml",
                    "the folder of a module, or Suite.ofClassPath for what another tool builds");
        }
        return new Suite(
                module.getFileName() == null ? "suite" : module.getFileName().toString(),
                module,
                Optional.empty(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
    }

    /**
     * Tests that another tool has compiled; its JVMs work in the present directory.
     *
     * @param testClasses the folder of compiled tests
     * @param entries jars and folders of everything else on the class path
     * @throws MatrixException if one of them is not there
     */
    public static Suite ofClassPath(Path testClasses, List<Path> entries) {
        List<Path> absolute = new ArrayList<>();
        for (Path entry : entries) {
            absolute.add(existing(entry));
        }
        Path tests = existing(testClasses);
        return new Suite(
                String.valueOf(tests.getFileName()),
                Path.of("").toAbsolutePath(),
                Optional.of(tests),
                absolute,
                List.of(),
                List.of(),
                List.of());
    }

    private static Path existing(Path entry) {
        Path absolute = entry.toAbsolutePath().normalize();
        if (!Files.exists(absolute)) {
            throw new MatrixException(
                    MatrixProblem.INVALID_SUITE,
                    "The class path entry " + absolute + " does not exist",
                    "compile the suite first");
        }
        return absolute;
    }

    /** The same suite under another name. */
    public Suite named(String other) {
        return new Suite(other, folder, testClasses, classPath, selected, includedTags, excludedTags);
    }

    /** The same suite, its JVMs working in {@code other}. */
    public Suite in(Path other) {
        return new Suite(
                name, other.toAbsolutePath().normalize(), testClasses, classPath, selected, includedTags, excludedTags);
    }

    /** The same suite with these classes, packages or methods ({@code CLASS#METHOD}) selected as well. */
    public Suite select(String... names) {
        return new Suite(name, folder, testClasses, classPath, with(selected, names), includedTags, excludedTags);
    }

    /** The same suite with tests of this tag expression. */
    public Suite includeTags(String... expressions) {
        return new Suite(name, folder, testClasses, classPath, selected, with(includedTags, expressions), excludedTags);
    }

    /** The same suite without tests of this tag expression. */
    public Suite excludeTags(String... expressions) {
        return new Suite(name, folder, testClasses, classPath, selected, includedTags, with(excludedTags, expressions));
    }

    private static List<String> with(List<String> before, String... more) {
        List<String> all = new ArrayList<>(before);
        all.addAll(List.of(more));
        return all;
    }
}
