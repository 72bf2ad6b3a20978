package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pad tokens and where they are named; of tokens that the tokenizer lacks as transformers adds them. */
class PadTokenTests {
    private static final String TOKENIZER = "tokenizer_config.json";

    @TempDir
    private Path folder;

    @Test
    void eachTokenIsTakenOnce() {
        assertThat(of(copy -> copy))
                .isEqualTo(
                        "0 (pad_token \"<|endoftext|>\" of tokenizer_config.json; pad_token_id of generation_config.json;"
                                + " pad_token_id of config.json)");
        assertThat(of(copy -> copy.editJson(TOKENIZER, tokenizer -> tokenizer.put("pad_token", "<pad>"))))
                .isEqualTo("2048 (pad_token \"<pad>\" of tokenizer_config.json), "
                        + "0 (pad_token_id of generation_config.json; pad_token_id of config.json)");
    }

    @Test
    void theEndOfTheTextStandsIn() {
        assertThat(of(copy -> copy.editJson(TOKENIZER, tokenizer -> tokenizer.remove(List.of("pad_token", "eos_token")))
                        .editConfig(config -> config.put("pad_token_id", -1))
                        .editJson("generation_config.json", PadTokenTests::severalEnds)))
                .isEqualTo("3 (eos_token_id of generation_config.json, as no file names a pad token), "
                        + "0 (eos_token_id of config.json, as no file names a pad token)");
        assertThat(of(copy -> copy.deleteFile("tokenizer.json")
                        .deleteFile("generation_config.json")
                        .editConfig(config -> config.remove(List.of("pad_token_id", "eos_token_id")))))
                .isEmpty();
    }

    private static void severalEnds(ObjectNode config) {
        config.remove("pad_token_id");
        config.putArray("eos_token_id").add(3).add(0);
    }

    private String of(UnaryOperator<Corruptor> change) {
        Path copy = change.apply(Corruptor.of(Fixtures.path("tiny-llama")).named("copy-" + change.hashCode()))
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(copy)) {
            return String.join(
                    ", ",
                    PadToken.of(checkpoint).stream().map(PadToken::toString).toList());
        }
    }
}
