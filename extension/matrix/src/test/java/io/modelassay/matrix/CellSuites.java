package io.modelassay.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Suites that cells run in JVMs of their own; Surefire does not see nested classes. */
final class CellSuites {
    private CellSuites() {}

    static class Healthy {
        @Test
        void holds() {}

        @Test
        @Tag("failing")
        void fails() {
            assertThat(1).as("one").isEqualTo(2);
        }

        @Test
        void isAborted() {
            assumeTrue(false, "never");
        }

        @Test
        @Disabled("not today")
        void isSkipped() {}

        @ParameterizedTest
        @ValueSource(ints = {1, 2})
        void hasVariants(int number) {
            assertThat(number).isPositive();
        }
    }

    static class Unprepared {
        @BeforeAll
        static void prepare() {
            throw new IllegalStateException("no preparation");
        }

        @Test
        void neverRuns() {}
    }

    static class Exits {
        @Test
        void exitsWithZero() {
            System.exit(0);
        }
    }

    static class ExitsWithThree {
        @Test
        void exits() {
            System.exit(3);
        }
    }

    static class Halts {
        @Test
        void halts() {
            Runtime.getRuntime().halt(42);
        }
    }

    static class Aborts {
        @Test
        void aborts() throws IOException, InterruptedException {
            new ProcessBuilder(
                            "kill",
                            "-ABRT",
                            Long.toString(ProcessHandle.current().pid()))
                    .start()
                    .waitFor();
            Thread.sleep(60_000);
        }
    }

    static class Hangs {
        @Test
        void hangs() throws InterruptedException {
            Thread.sleep(600_000);
        }
    }

    static class FillsTheHeap {
        @Test
        void fills() {
            List<long[]> all = new ArrayList<>();
            while (true) {
                all.add(new long[1 << 20]);
            }
        }
    }

    static class FillsDirectMemory {
        @Test
        void fills() {
            List<ByteBuffer> all = new ArrayList<>();
            while (true) {
                all.add(ByteBuffer.allocateDirect(1 << 24));
            }
        }
    }

    /** Up to 300 MiB outside the heap, well under the JVM's own limit. */
    static class FillsNativeMemory {
        @Test
        void fills() throws InterruptedException {
            List<ByteBuffer> all = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
                while (buffer.hasRemaining()) {
                    buffer.put((byte) 1);
                }
                all.add(buffer);
            }
            Thread.sleep(60_000);
        }
    }

    static class Floods {
        @Test
        void floods() {
            PrintStream out = System.out;
            byte[] noise = new byte[1 << 20];
            noise[7] = (byte) 0xFF;
            for (int i = 0; i < 20; i++) {
                out.write(noise, 0, noise.length);
            }
            out.println("{\"event\":\"run_finished\"}");
        }
    }

    static class WritesEvents {
        @Test
        void writes() throws IOException {
            Path figures = Path.of(System.getProperty("modelassay.figures"));
            Files.writeString(figures.resolveSibling("events.jsonl"), "no event\n", StandardOpenOption.APPEND);
        }
    }

    static class TakesASecond {
        @Test
        void takesASecond() throws InterruptedException {
            Thread.sleep(1000);
        }
    }
}
