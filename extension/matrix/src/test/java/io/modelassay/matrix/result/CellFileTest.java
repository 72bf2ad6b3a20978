package io.modelassay.matrix.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.matrix.result.TestResult.Outcome;
import io.modelassay.runtime.TensorSketch.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CellFileTest {
    @TempDir
    private Path folder;

    private Path file = Path.of("");

    @BeforeEach
    void file() {
        file = folder.resolve("result.json");
    }

    private static CellResult full() {
        return Cells.of("djl 0.35.1")
                .library("ai.djl:api", "0.35.1")
                .note("odd \u0000 \ud83d\ude00 </script>")
                .ended(CellOutcome.OUT_OF_MEMORY, "the heap", "QwenTest.a")
                .took(1.5, null)
                .test("a", Outcome.NOT_RUN)
                .failed("b", "line\nnext")
                .perplexity("m", "bf16", null)
                .compared(Cells.MODEL, "bf16", 13.2, 7.2, 0.07, 0.9, 0.1, 0.2)
                .none("missing keys", 0, "keys", "")
                .traced(Cells.MODEL, "bf16", Cells.sketch("a", Kind.WEIGHT, 0), Cells.notFinite("b", Kind.OUTPUT))
                .build();
    }

    @Test
    void whatIsWrittenIsRead() {
        CellFile.write(file, full());
        assertThat(CellFile.read(file)).isEqualTo(full());
        CellFile.write(file, full());
        assertThat(folder).isDirectoryContaining(each -> each.equals(file)).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void membersOfLaterVersionsAreLeftOut() throws IOException {
        CellFile.write(file, full());
        Files.writeString(file, Files.readString(file).replaceFirst("\\{", "{\"later\": {\"a\": [1]},"));
        assertThat(CellFile.read(file)).isEqualTo(full());
    }

    /** Earlier versions wrote a check's limit and origin as sentences only, and models without adapters. */
    @Test
    void aResultOfAnEarlierVersionIsRead() throws IOException {
        CellFile.write(file, full());
        ObjectMapper json = new ObjectMapper();
        JsonNode document = json.readTree(file.toFile());
        document.path("checks")
                .forEach(check -> ((ObjectNode) check).remove(List.of("held_to", "measure", "measured_on")));
        document.path("models").forEach(model -> ((ObjectNode) model).remove("adapter"));
        json.writeValue(file.toFile(), document);
        assertThat(CellFile.read(file).checks())
                .singleElement()
                .satisfies(check -> assertThat(check.limit()).isEqualTo("at most 0"))
                .satisfies(check -> assertThat(check.heldTo()).isNull());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 40, 900})
    void aFileThatIsCutIsNamed(int length) throws IOException {
        CellFile.write(file, full());
        Files.writeString(file, Files.readString(file).substring(0, length));
        assertThatThrownBy(() -> CellFile.read(file))
                .isInstanceOfSatisfying(
                        CellFileException.class, e -> assertThat(e.file()).isEqualTo(file))
                .hasMessageContainingAll(file.toString(), "Try: remove the file and run the cell again");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"null", "[]", "{}", "{\"schema\": \"modelassay-cell/2\"}", "{\"schema\": \"modelassay-cell/1\"}"
            })
    void anotherDocumentIsNoResult(String document) throws IOException {
        Files.writeString(file, document);
        assertThatThrownBy(() -> CellFile.read(file))
                .isInstanceOf(CellFileException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void anUnknownOutcomeAndAnAbsentFileAreErrors() throws IOException {
        assertThatThrownBy(() -> CellFile.read(file))
                .isInstanceOf(CellFileException.class)
                .hasMessageContaining("cannot be read");
        CellFile.write(file, full());
        Files.writeString(file, Files.readString(file).replace("out_of_memory", "exploded"));
        assertThatThrownBy(() -> CellFile.read(file))
                .isInstanceOf(CellFileException.class)
                .hasMessageContaining("is damaged");
    }
}
