package io.modelassay.matrix.result;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.matrix.result.TestResult.Outcome;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No name and no message costs the report. */
class HostileTextTest {
    /** Messages of a cell are cut at this length. */
    private static final int MOST = 1 << 16;

    static Stream<String> pieces() {
        return Stream.of(
                "a/",
                "/",
                "\\a",
                "a.b/",
                "file:///a/",
                "C:\\a/",
                "<",
                "<a",
                "<a>",
                "<a<b>",
                "<a<b>c<d>",
                "\"",
                "'a",
                "`",
                "1.2.3-",
                "1.2.3.a",
                "1.2.3-a",
                "+a",
                "1",
                "1.",
                "a",
                "0a",
                "@0a",
                "a.",
                "a.B(",
                ".",
                "(",
                ")",
                " ",
                "\t",
                "\tat a.b(",
                "    at a.(",
                " ... 1",
                "Error: ",
                "xError: \n",
                "\n",
                "\r",
                "\ud800",
                "\udc00",
                "\ud83d\ude00",
                "\u0000",
                "\u001b[31m",
                "\u202e",
                "\uffff",
                "]]>",
                "</script>",
                "{{x}}",
                "{%x%}",
                "5 tokens",
                "é");
    }

    private static String repeated(String piece, int length) {
        return piece.repeat(length / piece.length());
    }

    /** The JVM's patterns recurse for some repetitions, and take quadratic or cubic time for others. */
    @ParameterizedTest
    @MethodSource("pieces")
    void theLongestMessagesAreReadInTime(String piece) {
        String all = repeated(piece, MOST);
        long before = cpuNanos();
        for (String text : List.of(all, "1.2.3" + all, "<" + all + "\"x", "Cannot read:\n\tat " + all + "!")) {
            TestResult test = new TestResult("id", "name", Outcome.FAILED, text, text, text, 0);
            FailureKind.of(test).withoutQuotes();
            assertThat(FoldedMessage.of(text)).isNotNull();
        }
        // Of this thread alone: others have the machine meanwhile.
        assertThat(Duration.ofNanos(cpuNanos() - before)).isLessThan(Duration.ofSeconds(2));
    }

    @ParameterizedTest
    @MethodSource("pieces")
    void everyDocumentIsWritten(String piece, @TempDir Path folder) {
        assertWritten(folder, "Cannot read:\n\tat " + repeated(piece, 1 << 13));
    }

    private static void assertWritten(Path folder, String text) {
        // A member's name of more than 50,000 characters is refused by JSON readers.
        String name = text.substring(0, 1_000);
        MatrixResult matrix = Cells.matrix(
                Cells.of("old")
                        .test("a", Outcome.PASSED)
                        .failed("b", text)
                        .none(text, 0, text, text)
                        .library(name, text),
                Cells.of("new")
                        .failed("a", text)
                        .failed("b", text + "!")
                        .none(text, 2, text, text)
                        .test("c" + text, Outcome.SKIPPED, text, text)
                        .note(text),
                Cells.of(name).ended(CellOutcome.CRASHED, text, text));
        matrix.writeTo(folder);
        assertThat(matrix.summary()).allSatisfy(line -> assertThat(line).doesNotContain("\n", "\u001b", "\u202e"));
        try {
            new ObjectMapper().readTree(folder.resolve("matrix.json").toFile());
            DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(folder.resolve("junit.xml").toFile());
            for (String document : List.of("matrix.json", "matrix.md", "junit.xml", "index.html")) {
                // Strict: fails on bytes that are no UTF-8.
                assertThat(Files.readString(folder.resolve(document), StandardCharsets.UTF_8))
                        .isNotBlank();
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    @Test
    void cellsOfHalfASurrogatePairAreReadBack(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("result.json");
        CellFile.write(file, Cells.of("new\ud800").failed("a\udc00", "b\ud800c").build());
        assertThat(CellFile.read(file).stack()).isEqualTo("new\ufffd");
        assertThat(CellFile.read(file).tests().get(0).message()).isEqualTo("b\ufffdc");
    }
}
