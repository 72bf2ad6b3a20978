package io.modelassay.matrix;

import io.modelassay.checkpoint.ContentHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Hash of all that a cell's result depends on and that is known before it runs: the suite's classes, resources and poms, those
 * of the modules built with it, the selection, the stack with what it prepends, the JDK and the settings. Not of artifacts in
 * repositories, whose versions stand for them, nor of models that tests read from other folders.
 */
final class CellDigest {
    private final SortedMap<String, Path> files = new TreeMap<>();

    private CellDigest() {}

    static String of(Suite suite, Stack stack, CellSettings settings) {
        CellDigest digest = new CellDigest();
        if (suite.testClasses().isPresent()) {
            digest.add("tests", suite.testClasses().get());
            for (int i = 0; i < suite.classPath().size(); i++) {
                digest.add("entry " + i, suite.classPath().get(i));
            }
        } else {
            MavenModules modules = MavenModules.around(suite.folder());
            digest.add("tests", modules.suite().testClasses());
            modules.needed()
                    .forEach(module -> digest.add("classes " + module.model().getArtifactId(), module.classes()));
            modules.all().forEach(module -> digest.add("pom " + module.model().getArtifactId(), module.pom()));
        }
        for (int i = 0; i < stack.prepend().size(); i++) {
            digest.add("prepend " + i, stack.prepend().get(i));
        }
        stack.java().ifPresent(home -> digest.add("java", home.resolve("release")));
        return digest.hash(String.join(
                "\n",
                suite.selected().toString(),
                suite.includedTags().toString(),
                suite.excludedTags().toString(),
                stack.coordinates().toString(),
                stack.java().map(Path::toString).orElse(System.getProperty("java.version")),
                settings.toString()));
    }

    private void add(String name, Path place) {
        if (Files.isRegularFile(place)) {
            files.put(name, place);
        } else if (Files.isDirectory(place)) {
            try (Stream<Path> tree = Files.walk(place)) {
                tree.filter(Files::isRegularFile).forEach(file -> files.put(name + "/" + place.relativize(file), file));
            } catch (IOException e) {
                throw new UncheckedIOException("The suite's files in " + place + " cannot be read", e);
            }
        }
    }

    private String hash(String settings) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(ContentHash.of(files).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(settings.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
