package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
    @Test
    void withoutAVerbTellsHowItIsUsed() {
        CommandRun run = CommandRun.of();
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("inspect", "scan", "evaluate", "decode", "Exit codes");
    }

    @Test
    void helpIsAResult() {
        CommandRun run = CommandRun.of("--help");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("Usage: modelassay");
        assertThat(CommandRun.of("evaluate", "--help").out()).contains("--quantize", "--window", "--logits");
    }

    /** By the shell itself: what it offers behind the words of a line. */
    @ParameterizedTest
    @CsvSource({"matr, matrix", "matrix pl, plan", "evaluate --refe, --reference", "quantize --lm, --lm-head"})
    void theShellCompletesVerbsAndOptions(String typed, String offered, @TempDir Path folder) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "no bash here");
        CommandRun script = CommandRun.of("generate-completion");
        assertThat(script.code()).isZero();
        Path file = Files.writeString(folder.resolve("completion"), script.out());
        String line = "modelassay " + typed;
        Process shell = new ProcessBuilder(
                        "/bin/bash",
                        "-c",
                        "source " + file + "; COMP_WORDS=(" + line + "); COMP_CWORD=" + (line.split(" ").length - 1)
                                + "; COMP_LINE='" + line + "'; COMP_POINT=${#COMP_LINE}; _complete_modelassay;"
                                + " echo \"${COMPREPLY[@]}\"")
                // The shell complains that nobody has pressed a key.
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim())
                .isEqualTo(offered);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "matrix",
                "matrix run --suite . --report target/none",
                "matrix plan --suite . --stack djl=9.9 --report target/none",
                "matrix cell",
                "nonsense",
                "inspect",
                "inspect a b",
                "inspect --no-such-option folder",
                "scan",
                "decode folder",
                "evaluate folder",
                "evaluate folder --text a --tokens b",
                "evaluate folder --text a --dtype int4",
                "evaluate folder --text a --device tpu",
                "evaluate folder --text a --window many",
                "evaluate folder --text a --quantize gptq:bits=4",
                "evaluate folder --text a --quantize rtn:bits=5",
                "evaluate folder --text a --quantize rtn:bits=four",
                "evaluate folder --text a --quantize nf4:bits=4",
                "evaluate folder --text /no/such/text",
                "evaluate folder --tokens /no/such/tokens",
            })
    void wrongUsageIsTwoAndOneNextStep(String arguments) {
        CommandRun run = CommandRun.of((Object[]) arguments.split(" "));
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).isNotBlank().doesNotContain("\tat ");
        assertThat(run.err().lines().count()).as(run.err()).isLessThan(8);
    }

    @Test
    void whatCannotBeReadIsThreeWithItsMessageAndNoTrace(@TempDir Path folder) {
        CommandRun run = CommandRun.of("inspect", folder.resolve("absent"));
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("(missing-folder)", "Try: ").doesNotContain("\tat ");
        assertThat(CommandRun.of("scan", folder).err()).contains("no-tensor-files");
    }

    @Test
    void debugShowsTheTrace(@TempDir Path folder) {
        assertThat(CommandRun.of("inspect", folder.resolve("absent"), "--debug").err())
                .contains("\tat ");
    }

    @Test
    void aFailureIsADocumentToo(@TempDir Path folder) {
        Path broken =
                Corruptor.of(Fixtures.path("tiny-qwen2")).truncateLastFile(1000).into(folder);
        CommandRun run = CommandRun.of("scan", broken, "--json");
        assertThat(run.code()).isEqualTo(3);
        assertThat(CommandRun.contract(run.json()))
                .isEqualTo("error.id string\nerror.message string\nerror.next_step string");
        assertThat(run.json().at("/error/id").asText()).isEqualTo("truncated-file");
    }
}
