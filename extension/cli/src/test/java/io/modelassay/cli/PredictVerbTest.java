package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code predict}. */
class PredictVerbTest {
    private static final Path LLAMA = Fixtures.path("tiny-llama");
    private static final Path LORA = Fixtures.path("adapters/lora-qv");

    @TempDir
    Path folder;

    @Test
    void aRefusal() {
        CommandRun run = CommandRun.of("predict", LLAMA, "--adapter", LORA, "--with", "peft==0.13.2", "--json");
        assertThat(run.code()).isEqualTo(1);
        JsonNode document = run.json();
        assertThat(CommandRun.contract(document)).isEqualTo("""
                answered_as string
                cause string
                cure string
                effect null
                exception string
                kind string
                library string
                message string
                mismatched array
                missing array
                outcome string
                unexpected array
                version string
                warnings array""");
        assertThat(document.get("outcome").textValue()).isEqualTo("ERROR");
        assertThat(document.get("kind").textValue()).isEqualTo("unknown-config-key");
        assertThat(document.get("exception").textValue()).isEqualTo("TypeError");
        assertThat(document.get("message").textValue())
                .isEqualTo("LoraConfig.__init__() got an unexpected keyword argument 'alora_invocation_tokens'");
        assertThat(CommandRun.of("predict", LLAMA, "--adapter", LORA, "--with", "peft==0.13.2")
                        .out())
                .contains("ERROR; TypeError: LoraConfig.__init__()")
                .contains("saved by PEFT 0.21.2");
    }

    @Test
    void aCleanLoad() {
        CommandRun run = CommandRun.of(
                "predict",
                LLAMA,
                "--adapter",
                LORA,
                "--with",
                "peft==0.21.2",
                "--with",
                "transformers==5.23.0",
                "--json");
        assertThat(run.code()).isZero();
        assertThat(run.json().get("outcome").textValue()).isEqualTo("CLEAN");
        assertThat(run.json().get("effect").textValue()).isEqualTo("full");
    }

    /** What is not known here says nothing against the adapter: a gate can tell it from a refusal. */
    @Test
    void whatIsNotCoveredHasAnExitCodeOfItsOwn() {
        CommandRun future = CommandRun.of("predict", LLAMA, "--adapter", LORA, "--with", "peft==0.99.0", "--json");
        assertThat(future.code()).isEqualTo(4);
        assertThat(future.json().get("outcome").textValue()).isEqualTo("NOT_COVERED");
        assertThat(future.json().get("cause").textValue()).contains("0.99.0");
        Path method = Corruptor.of(LORA)
                .named("method")
                .editJson("adapter_config.json", config -> config.put("peft_type", "BONE"))
                .into(folder);
        assertThat(CommandRun.of("predict", LLAMA, "--adapter", method, "--with", "peft==0.18.1")
                        .code())
                .isEqualTo(4);
        assertThat(CommandRun.of("predict", LLAMA, "--adapter", method, "--with", "peft==0.21.2")
                        .code())
                .isEqualTo(1);
        assertThat(CommandRun.of("predict", LLAMA, "--adapter", LORA, "--with", "peft==0.21.2")
                        .code())
                .isZero();
        assertThat(CommandRun.of("predict", "--help").out()).contains("4 not covered");
    }

    @Test
    void aBrokenFolderIsPredictedToo() {
        Path broken = Corruptor.of(LORA)
                .named("broken")
                .deleteFile("adapter_model.safetensors")
                .into(folder);
        JsonNode document = CommandRun.of("predict", LLAMA, "--adapter", broken, "--with", "peft==0.21.2", "--json")
                .json();
        assertThat(document.get("exception").textValue()).isEqualTo("HFValidationError");
        assertThat(document.get("kind").textValue()).isEqualTo("missing-adapter-weights");
    }

    @Test
    void misuse() {
        for (String with : new String[] {"peft", "torch==2.1", "peft==latest", "transformers==4.57.6"}) {
            CommandRun run = CommandRun.of("predict", LLAMA, "--adapter", LORA, "--with", with);
            assertThat(run.code()).as(with).isEqualTo(2);
            assertThat(run.err()).contains("--with");
        }
        assertThat(CommandRun.of("predict", LLAMA, "--adapter", folder.resolve("none"), "--with", "peft==0.21.2")
                        .code())
                .isEqualTo(2);
    }
}
