package io.modelassay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.runtime.RuntimeFailure;
import io.modelassay.runtime.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextTest {
    private static final Supplier<Tokenizer> NO_TOKENIZER = () -> {
        throw new AssertionError("recorded tokens need no tokenizer");
    };

    @TempDir
    private Path folder;

    @Test
    void recordedTokensAreUsedAsTheyAre() throws IOException {
        Path file = Files.writeString(folder.resolve("ids.json"), "[53, 88,\n 260]\n");

        Text text = Text.ofTokens(file);

        assertThat(text.tokens(NO_TOKENIZER)).containsExactly(53, 88, 260);
        assertThat(text.name()).isEqualTo("ids.json");
    }

    @Test
    void aFileOfAnythingElseIsRefused() throws IOException {
        Path words = Files.writeString(folder.resolve("words.json"), "[53, \"a\"]");
        Path object = Files.writeString(folder.resolve("object.json"), "{}");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> Text.ofTokens(words).tokens(NO_TOKENIZER))
                .withMessageContaining("words.json holds a at place 1")
                .withMessageContaining("Try: one JSON array of token ids");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Text.ofTokens(object).tokens(NO_TOKENIZER))
                .withMessageContaining("does not start with an array");
        assertThatThrownBy(() -> Text.ofTokens(folder.resolve("none.json")).tokens(NO_TOKENIZER))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("none.json");
    }

    @Test
    void aTokenizerThatTheLibraryDoesNotReadIsAFailureThatNamesBoth() throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": 3}");

        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(RuntimeFailure.class)
                .hasMessageStartingWith("The tokenizers library (ai.djl.huggingface:tokenizers 0.")
                .hasMessageContaining("does not accept " + file)
                .hasMessageContaining("Try: a newer tokenizers library");
    }
}
