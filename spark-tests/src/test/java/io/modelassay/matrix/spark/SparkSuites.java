package io.modelassay.matrix.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.matrix.CellSettings;
import io.modelassay.matrix.LibraryMatrix;
import io.modelassay.matrix.Suite;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Suites that cells run in JVMs of their own; Surefire does not see nested classes. */
final class SparkSuites {
    static final String STARTS = "modelassay.starts";
    static final String WAITING = "waiting-";

    private static final Pattern NEEDED = Pattern.compile(
            ".*(junit-|opentest4j|apiguardian|jackson-|jspecify|assertj-core|byte-buddy|extension.target).*");

    private SparkSuites() {}

    /** Leaves a file for each JVM that starts it. The very first one waits to be killed. */
    static class Interrupted {
        @Test
        void waitsTheFirstTime() throws Exception {
            Path starts = Path.of(System.getProperty(STARTS));
            boolean first = create(starts.resolve("first"));
            String name =
                    (first ? WAITING : "through-") + ProcessHandle.current().pid();
            assertThat(create(starts.resolve(name))).isTrue();
            if (first) {
                Thread.sleep(300_000);
            }
        }

        @Test
        void fails() {
            assertThat(1).as("one").isEqualTo(2);
        }

        private static boolean create(Path file) throws IOException {
            try {
                Files.createFile(file);
                return true;
            } catch (FileAlreadyExistsException e) {
                return false;
            }
        }
    }

    static class Crashes {
        @Test
        void halts() {
            Runtime.getRuntime().halt(42);
        }
    }

    static class SeesGpus {
        @Test
        void seesTheOneThatSparkGave() {
            assertThat(System.getenv("CUDA_VISIBLE_DEVICES")).isEqualTo(SparkCluster.GPU);
            assertThat(System.getenv("CUDA_DEVICE_ORDER")).isEqualTo("PCI_BUS_ID");
        }
    }

    /** Three cells of a suite. */
    static LibraryMatrix matrix(Class<?> suite, Path starts, Map<String, String> configuration) {
        List<Path> entries = Stream.of(System.getProperty("java.class.path")
                        .split(Pattern.quote(System.getProperty("path.separator"))))
                .filter(entry -> NEEDED.matcher(entry).matches())
                .map(Path::of)
                .toList();
        return LibraryMatrix.of(Suite.ofClassPath(Path.of("target/test-classes"), entries)
                        .named(suite.getSimpleName())
                        .select(suite.getName()))
                .settings(new CellSettings(
                        256L << 20,
                        Duration.ofMinutes(5),
                        64L << 20,
                        List.of("-D" + STARTS + "=" + starts),
                        configuration,
                        true))
                .stack("name=a")
                .stack("name=b")
                .stack("name=c");
    }
}
