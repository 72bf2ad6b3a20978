package io.modelassay.matrix;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Suites of {@link CellSuites} with what they need of this JVM's class path, and nothing more. */
final class MatrixSuites {
    private static final Pattern NEEDED = Pattern.compile(
            ".*(junit-|opentest4j|apiguardian|jackson-|jspecify|assertj-core|byte-buddy|(artifact|engine|core|junit).target.(classes|modelassay-)).*");

    static final Stack OWN = Stack.parse("name=own");

    private MatrixSuites() {}

    static Suite of(Class<?> suite) {
        List<Path> entries = Stream.of(System.getProperty("java.class.path")
                        .split(Pattern.quote(System.getProperty("path.separator"))))
                .filter(entry -> NEEDED.matcher(entry).matches())
                .map(Path::of)
                .toList();
        return Suite.ofClassPath(Path.of("target/test-classes"), entries)
                .named(suite.getSimpleName())
                .select(suite.getName());
    }

    static CellSettings settings(int seconds, int memoryMiB, int heapMiB) {
        return new CellSettings(
                (long) memoryMiB << 20, Duration.ofSeconds(seconds), (long) heapMiB << 20, List.of(), Map.of(), true);
    }

    static Cell cell(Class<?> suite, CellSettings settings) {
        return Cell.of(of(suite), OWN, settings);
    }
}
