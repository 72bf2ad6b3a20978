package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model whose shape is not that of its reference is told so, whichever of the two is the smaller. */
class UnlikeReferenceTest {
    private static final Path WHOLE = Fixtures.path("tiny-llama");

    @TempDir
    private Path temp;

    private CommandRun evaluate(Path folder, Path reference) throws java.io.IOException {
        Path tokens = Files.writeString(temp.resolve("tokens.json"), "[1, 5, 40, 7, 9, 300, 12, 8, 3]");
        return CommandRun.of(
                "evaluate",
                folder,
                "--reference",
                reference,
                "--tokens",
                tokens,
                "--window",
                "4",
                "--dtype",
                "fp32",
                "--json");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void oneLayerFewer(boolean subjectIsSmaller) throws java.io.IOException {
        Path small = Corruptor.of(WHOLE)
                .dropTensors("model\\.layers\\.3\\..*")
                .editConfig(config -> config.put("num_hidden_layers", 3))
                .into(temp.resolve("small"));
        CommandRun run = subjectIsSmaller ? evaluate(small, WHOLE) : evaluate(WHOLE, small);
        assertThat(run.code()).isEqualTo(Main.UNREADABLE);
        assertThat(run.json().at("/error/id").asText()).isEqualTo("reference-does-not-fit");
        assertThat(run.json().at("/error/message").asText())
                .contains(subjectIsSmaller ? "num_hidden_layers is 3, the reference has 4" : "num_hidden_layers is 4");
        assertThat(run.json().at("/error/next_step").asText()).isNotEmpty();
    }

    @Test
    void aTwinOfTheSameShapeIsCompared() throws java.io.IOException {
        Path twin = Corruptor.of(WHOLE).into(temp.resolve("twin"));
        assertThat(evaluate(twin, WHOLE).json().at("/reference/mean_kl").doubleValue())
                .isZero();
    }
}
