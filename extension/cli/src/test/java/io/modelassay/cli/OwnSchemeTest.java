package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights in a form that the library does not know are read by {@link io.modelassay.own.RowBytes} and nothing else. */
class OwnSchemeTest {
    private static final Path MODEL = Fixtures.path("tiny-llama");
    private static final String DOWN = "model.layers.0.mlp.down_proj";

    @TempDir
    Path folder;

    private Path plain;

    /** The tool of the scheme: LLM.int8 under other names. */
    @BeforeEach
    void quantize() {
        plain = folder.resolve("llm-int8");
        assertThat(CommandRun.of("quantize", MODEL, "--out", plain, "--method", "llm-int8", "--keep", "*.o_proj")
                        .code())
                .isZero();
    }

    private Corruptor stored() {
        return Corruptor.of(plain)
                .named("own")
                .dropTensors(".*\\.weight_format")
                .renameTensors("(.*(?:q|k|v|gate|up|down)_proj)\\.weight", "$1.row_codes")
                .renameTensors("(.*)\\.SCB", "$1.row_scale")
                .editConfig(config -> {
                    ObjectNode own = config.putObject("quantization_config");
                    own.put("quant_method", "row-bytes");
                    own.putArray("modules_to_not_convert").add("o_proj").add("lm_head");
                });
    }

    private CommandRun inspect(Corruptor artifact) {
        return CommandRun.of("inspect", artifact.into(folder), "--reference", MODEL, "--json");
    }

    @Test
    void aHealthyArtifactIsReadWithoutAFinding() {
        CommandRun run = inspect(stored());
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode document = run.json();
        assertThat(document.at("/quantization/scheme").asText()).isEqualTo("row-bytes");
        assertThat(document.at("/quantization/bits").asInt()).isEqualTo(8);
        assertThat(document.at("/load_report/missing")).isEmpty();
        assertThat(document.at("/load_report/unexpected")).isEmpty();
        assertThat(document.at("/findings")).isEmpty();
    }

    @Test
    void itDecodesToWhatItsCodesStandFor() {
        Path own = folder.resolve("own-decoded");
        Path twin = folder.resolve("twin-decoded");
        CommandRun run = CommandRun.of("decode", stored().into(folder), "--out", own);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(CommandRun.of("decode", plain, "--out", twin).code()).isZero();
        try (Checkpoint left = Checkpoint.open(own);
                Checkpoint right = Checkpoint.open(twin)) {
            assertThat(left.map(left.tensor(DOWN + ".weight"))).isEqualTo(right.map(right.tensor(DOWN + ".weight")));
        }
    }

    @Test
    void whatItLooksForAndWhatItFindsWrongIsTold() {
        CommandRun lacking = inspect(stored().removeTensor(DOWN + ".row_scale"));
        assertThat(lacking.code()).isEqualTo(1);
        assertThat(lacking.json().at("/load_report/missing/0").asText()).isEqualTo(DOWN + ".row_scale");
        assertThat(CommandRun.of("scan", stored().named("healthy").into(folder)).code())
                .isZero();
        Path wrong =
                stored().named("turned").setValue(DOWN + ".row_scale", 3, -0.5).into(folder);
        CommandRun turned = CommandRun.of("scan", wrong, "--json");
        assertThat(turned.code()).isEqualTo(1);
        assertThat(turned.json().at("/findings").findValuesAsText("id")).contains("negative-row-scale");
    }
}
