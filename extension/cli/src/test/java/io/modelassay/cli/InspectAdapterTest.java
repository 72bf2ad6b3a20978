package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code inspect --adapter}. */
class InspectAdapterTest {
    private static final Path LLAMA = Fixtures.path("tiny-llama");
    private static final Path LORA = Fixtures.path("adapters/lora-qv");

    @TempDir
    Path folder;

    @Test
    void aHealthyAdapter() {
        CommandRun text = CommandRun.of("inspect", LLAMA, "--adapter", LORA);
        assertThat(text.code()).isZero();
        assertThat(text.out())
                .contains(
                        "  adapter          lora-qv: LORA of rank 4 for 8 modules, 16 tensors: none missing, unexpected or"
                                + " of another shape\n");
        JsonNode adapter = CommandRun.of("inspect", LLAMA, "--adapter", LORA, "--json")
                .json()
                .get("adapter");
        assertThat(CommandRun.contract(adapter)).isEqualTo("""
                alpha number
                matched integer
                mismatched array
                missing array
                modules array
                modules[] string
                peft_type string
                rank integer
                ranks array
                ranks[] integer
                renamed array
                tensors integer
                unexpected array
                versions array
                versions[].effect null
                versions[].effect string
                versions[].exception string
                versions[].first string
                versions[].kind string
                versions[].last string
                versions[].message string
                versions[].outcome string
                zero_effect boolean""");
        assertThat(text.out())
                .contains("  in PEFT          0.5.0 CLEAN\n")
                .contains(" 0.6.2-0.13.2 ERROR; TypeError: LoraConfig.__init__() got an unexpected keyword argument")
                .contains(" 0.14.0-0.20.0 WARN; UserWarning: Unexpected keyword arguments")
                .contains(" 0.21.2 CLEAN\n");
        assertThat(adapter.get("peft_type").textValue()).isEqualTo("LORA");
        assertThat(adapter.get("rank").intValue()).isEqualTo(4);
        assertThat(adapter.get("matched").intValue()).isEqualTo(16);
        assertThat(adapter.get("zero_effect").booleanValue()).isFalse();
    }

    @Test
    void anAdapterThatPeftWouldNotFind() {
        Path broken = Corruptor.of(LORA)
                .named("wrapped")
                .renameTensors("(.*)", "module.$1")
                .into(folder);
        CommandRun text = CommandRun.of("inspect", LLAMA, "--adapter", broken);
        assertThat(text.code()).isEqualTo(1);
        assertThat(text.out())
                .contains("16 missing, 16 unexpected, 0 of another shape; changes nothing")
                .contains("ERROR  adapter-prefix-renamed")
                .contains("Try: save model.module, not the wrapper around it");
        JsonNode document =
                CommandRun.of("inspect", LLAMA, "--adapter", broken, "--json").json();
        JsonNode adapter = document.get("adapter");
        assertThat(adapter.get("zero_effect").booleanValue()).isTrue();
        assertThat(adapter.get("missing")).hasSize(16);
        assertThat(adapter.get("unexpected")).hasSize(16);
        assertThat(CommandRun.contract(adapter)).contains("renamed[].expected string\nrenamed[].stored string");
        assertThat(document.get("findings").get(0).get("id").textValue()).isEqualTo("adapter-prefix-renamed");
    }

    @Test
    void aFolderThatIsNoAdapter() {
        CommandRun run = CommandRun.of("inspect", LLAMA, "--adapter", LLAMA, "--json");
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.json().get("error").get("id").textValue()).isEqualTo("missing-adapter-config");
    }
}
