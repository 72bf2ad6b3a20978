package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.compatibility.Library;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How versions of PEFT would load an adapter. */
class AdapterLoadingTest {
    private static final Path LORA = Fixtures.path("adapters/lora-qv");

    @TempDir
    Path folder;

    private Checkpoint base;

    @BeforeEach
    void open() {
        base = Checkpoint.open(Models.LLAMA);
    }

    @AfterEach
    void close() {
        base.close();
    }

    private void fails(PeftAdapter adapter, Runnable call, String expected) {
        Golden.fails(call::run, folder, expected.replace("BASE", Models.LLAMA.toString()));
        adapter.close();
    }

    @Test
    void theVersionThatSavedItLoadsIt() {
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            assertThat(adapter)
                    .loadsIn(Library.PEFT, "0.21.2", base)
                    .loadsWithoutWarningsIn(Library.PEFT, "0.21.2", base)
                    .loadsIn(Library.PEFT, "0.20.0", base)
                    .loadsAlikeIn(Library.PEFT, "0.6.2", "0.13.2", base);
        }
    }

    @Test
    void anOlderVersionRefusesIt() {
        Path copy = Corruptor.of(LORA).named("new").into(folder);
        PeftAdapter adapter = PeftAdapter.open(copy);
        fails(adapter, () -> assertThat(adapter).loadsIn(Library.PEFT, "0.13.2", base), """
                Expecting adapter <new> to load in PEFT 0.13.2 on <tiny-llama>
                but PEFT raises TypeError: LoraConfig.__init__() got an unexpected keyword argument 'alora_invocation_tokens'
                because adapter_config.json holds a key that PEFT 0.13.2 does not know; it was saved by PEFT 0.21.2
                  FOLDER/new, base BASE
                Try: PEFT 0.5.0, 0.14.0-0.20.0, 0.21.2, where it does what its files say; or upgrade PEFT, or remove the key from adapter_config.json
                """);
    }

    @Test
    void anOlderVersionWarns() {
        Path copy = Corruptor.of(LORA).named("new").into(folder);
        PeftAdapter adapter = PeftAdapter.open(copy);
        fails(adapter, () -> assertThat(adapter).loadsWithoutWarningsIn(Library.PEFT, "0.20.0", base), """
                Expecting adapter <new> to load without warnings in PEFT 0.20.0 on <tiny-llama>
                but it warns: UserWarning: Unexpected keyword arguments ['kasa_config'] for class LoraConfig, these are ignored.
                  FOLDER/new, base BASE
                Try: loadsIn, which lets warnings pass
                """);
    }

    @Test
    void anAdapterWithoutEffectSaysSo() {
        Path copy = Corruptor.of(LORA)
                .named("bare")
                .renameTensors("base_model[.]model[.](.*)", "$1")
                .into(folder);
        PeftAdapter adapter = PeftAdapter.open(copy);
        fails(adapter, () -> assertThat(adapter).loadsIn(Library.PEFT, "0.5.0", base), """
                Expecting adapter <bare> to load in PEFT 0.5.0 on <tiny-llama>
                but it loads without effect, in silence
                because 16 of 16 keys have no "base_model.model." in front; PEFT would look for base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight and ignore what is there, so the adapter would have no effect
                  missing base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight
                  missing base_model.model.model.layers.0.self_attn.q_proj.lora_B.default.weight
                  missing base_model.model.model.layers.0.self_attn.v_proj.lora_A.default.weight
                  missing base_model.model.model.layers.0.self_attn.v_proj.lora_B.default.weight
                  missing base_model.model.model.layers.1.self_attn.q_proj.lora_A.default.weight
                  and 27 more
                  FOLDER/bare, base BASE
                Try: put "base_model.model." in front of every key
                """);
    }

    @Test
    void versionsThatEndOtherwise() {
        Path copy = Corruptor.of(LORA).named("new").into(folder);
        PeftAdapter adapter = PeftAdapter.open(copy);
        fails(adapter, () -> assertThat(adapter).loadsAlikeIn(Library.PEFT, "0.13.2", "0.21.2", base), """
                Expecting adapter <new> to load alike in PEFT 0.13.2 to 0.21.2 on <tiny-llama>
                but the outcome differs in 3 version ranges:
                  0.6.2-0.13.2 ERROR; TypeError: LoraConfig.__init__() got an unexpected keyword argument 'alora_invocation_tokens'
                  0.14.0-0.20.0 WARN; UserWarning: Unexpected keyword arguments ['alora_invocation_tokens', 'arrow_config', 'corda_config', 'ensure_weight_tying', 'kasa_config', 'lora_ga_config', 'monteclora_config', 'peft_version', 'qalora_group_size', 'target_parameters', 'trainable_token_indices', 'use_bdlora', 'use_qalora', 'velora_config'] for class LoraConfig, these are ignored.
                  0.21.2 CLEAN
                  FOLDER/new, base BASE
                Try: a range of versions with one outcome, or an adapter saved for all of them
                """);
    }

    @Test
    void aVersionThatIsNotKnownFails() {
        Path copy = Corruptor.of(LORA).named("new").into(folder);
        PeftAdapter adapter = PeftAdapter.open(copy);
        fails(adapter, () -> assertThat(adapter).loadsIn(Library.PEFT, "9.0", base), """
                Expecting adapter <new> to load in PEFT 9.0 on <tiny-llama>
                but there is no telling
                because what PEFT 9.0 does is not known here
                  FOLDER/new, base BASE
                Try: a version from 0.5.0 to 0.21.2
                """);
    }

    @Test
    void rangesAreKnownOfPeftOnly() {
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> assertThat(adapter).loadsAlikeIn(Library.TRANSFORMERS, "4.57.6", "5.23.0", base))
                    .withMessageContaining("Try: Library.PEFT");
        }
    }
}
