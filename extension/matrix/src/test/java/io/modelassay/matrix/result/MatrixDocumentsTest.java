package io.modelassay.matrix.result;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.JsonText;
import io.modelassay.matrix.result.TestResult.Outcome;
import io.modelassay.runtime.TensorSketch.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.xml.XMLConstants;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.SchemaFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xml.sax.SAXException;

class MatrixDocumentsTest {
    private static final String HOSTILE =
            "</script><b>@you</b> ]]> | `x` \u0000\u0007\u001b[31m \ud800 \uffff *y* #1\nnext";

    /** One of each: the baseline, a regression, a cell that was lost, one that changed, one without a result. */
    private static MatrixResult sample() {
        Cells old = Cells.of("djl 0.35.1")
                .library("ai.djl:api", "0.35.1")
                .test("loads", Outcome.PASSED)
                .test("survives[int4]", Outcome.PASSED)
                .failed("trains", "no gradient after 12 ms")
                .perplexity("Qwen2-0.5B", "bf16", 12.31)
                .traced("Qwen2-0.5B", "bf16", Cells.sketch("model.layers.0.mlp.down_proj", Kind.OUTPUT, 0));
        Cells regressed = Cells.of("djl 0.34.0")
                .library("ai.djl:api", "0.34.0")
                .test("loads", Outcome.PASSED)
                .failed("survives[int4]", "drift was 11.42 %\nTry: act-order")
                .failed("trains", "no gradient after 15 ms")
                .perplexity("Qwen2-0.5B", "bf16", 12.93)
                .traced("Qwen2-0.5B", "bf16", Cells.sketch("model.layers.0.mlp.down_proj", Kind.OUTPUT, 0.25));
        Cells lost = Cells.of("djl 0.30.0")
                .library("ai.djl:api", "0.30.0")
                .test("loads", Outcome.PASSED)
                .test("survives[int4]", Outcome.UNFINISHED)
                .test("trains", Outcome.NOT_RUN)
                .ended(CellOutcome.TIMED_OUT, "600 s. Try: --timeout", "QwenTest.survives[int4]")
                .took(600.2, null);
        Cells changed = Cells.of("djl 0.29.0")
                .library("ai.djl:api", "0.29.0")
                .test("loads", Outcome.PASSED)
                .test("survives[int4]", Outcome.PASSED)
                .test("trains", Outcome.PASSED)
                .perplexity("Qwen2-0.5B", "fp32", 12.30);
        return MatrixResult.of(
                "djl 0.35.1",
                List.of("djl 0.35.1", "djl 0.34.0", "djl 0.30.0", "djl 0.29.0", "djl 0.28.0"),
                List.of(Cells.SUITE),
                List.of(changed.build(), lost.build(), regressed.build(), old.build()));
    }

    private static String approved(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(MatrixDocumentsTest.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"matrix.json", "matrix.md", "junit.xml"})
    void theDocumentIsTheApprovedOne(String name, @TempDir Path folder) throws IOException {
        sample().writeTo(folder);
        assertThat(folder.resolve(name)).content().isEqualTo(approved(name));
    }

    @Test
    void nothingElseIsLeftInTheFolder(@TempDir Path folder) throws IOException {
        Path report = folder.resolve("deep/report");
        assertThat(sample().writeTo(report)).isEqualTo(report.resolve("index.html"));
        sample().writeTo(report);
        try (Stream<Path> files = Files.list(report)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("matrix.json", "matrix.md", "junit.xml", "index.html");
        }
    }

    /** Equal runs give equal documents, wherever they ran and whatever they took. */
    @Test
    void onlyMembersCalledMeasuredDiffer() throws IOException {
        Cells slow = Cells.of("new").test("a", Outcome.PASSED).took(99, 5L);
        Cells fast = Cells.of("new").test("a", Outcome.PASSED).took(1, null);
        Cells old = Cells.of("old").test("a", Outcome.PASSED);
        JsonNode first = withoutMeasured(Cells.matrix(old, slow));
        assertThat(first).isEqualTo(withoutMeasured(Cells.matrix(old, fast)));
        assertThat(first.at("/cells/1/verdict").asText()).isEqualTo("same");
    }

    private static JsonNode withoutMeasured(MatrixResult matrix) throws IOException {
        JsonNode document = new ObjectMapper().readTree(JsonText.of(JsonDocument.of(matrix)));
        document.get("cells")
                .forEach(cell ->
                        assertThat(((ObjectNode) cell).remove("measured")).isNotNull());
        return document;
    }

    private static MatrixResult hostile() {
        return Cells.matrix(
                Cells.of("old").test(HOSTILE, Outcome.PASSED).test("b", Outcome.SKIPPED, HOSTILE, ""),
                Cells.of("new").failed(HOSTILE, HOSTILE).note(HOSTILE),
                Cells.of(HOSTILE).ended(CellOutcome.CRASHED, HOSTILE, HOSTILE));
    }

    @Test
    void xmlIsValidWhateverNamesAndMessagesHold() throws SAXException, IOException {
        for (MatrixResult matrix : List.of(sample(), hostile(), SampleMatrix.of())) {
            String xml = JUnitDocument.of(matrix);
            SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI)
                    .newSchema(MatrixDocumentsTest.class.getResource("junit.xsd"))
                    .newValidator()
                    .validate(new StreamSource(new StringReader(xml)));
        }
        assertThat(JUnitDocument.of(hostile()))
                .contains("&lt;/script&gt;", "]]&gt;")
                .doesNotContain("]]>", "\u0007");
    }

    @Test
    void markdownOfNamesAndMessagesIsText() {
        assertThat(MarkdownDocument.of(hostile()))
                .doesNotContain("</script>", "@you", "| `", "*y*", "\u0007", "\nnext")
                .contains("&lt;/script&gt;", "&#64;you", "\\| \\`x\\`");
    }

    @Test
    void markdownOfOneCauseIsShort() {
        Cells old = Cells.of("old");
        Cells here = Cells.of("new");
        for (int i = 0; i < 500; i++) {
            old.test("t" + i, Outcome.PASSED);
            here.failed("t" + i, "x".repeat(5000));
        }
        assertThat(MarkdownDocument.of(Cells.matrix(old, here)))
                .contains("500 tests fail alike", "- and 450 more")
                .hasSizeLessThan(3_000);
    }

    /** A comment on GitHub may have 65536 characters. */
    @Test
    void markdownFitsInACommentAndSaysWhatIsCut() {
        Cells old = Cells.of("old");
        Cells here = Cells.of("new");
        String name = "<@>".repeat(150);
        for (int i = 0; i < 500; i++) {
            old.test(i + name, Outcome.PASSED);
            here.failed(i + name, "abcdefghijklmnopqrst".charAt(i % 20) + name);
        }
        String markdown = MarkdownDocument.of(Cells.matrix(old, here));
        assertThat(markdown)
                .hasSizeBetween(20_000, 65_000)
                .endsWith("The report has all of it: index.html, matrix.json_\n");
        assertThat(markdown.split("<details>")).hasSameSizeAs(markdown.split("</details>"));
        assertThat(MarkdownDocument.of(sample())).doesNotContain("index.html");
    }
}
