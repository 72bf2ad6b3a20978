package io.modelassay.runtime;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.apiguardian.api.API;

/** A checkpoint's {@code tokenizer.json}, run by the Hugging Face tokenizers library. */
@API(status = API.Status.INTERNAL)
public final class Tokenizer implements AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;

    private Tokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Loads a tokenizer.
     *
     * @throws RuntimeFailure {@code tokenizer-invalid} if the library does not accept the file
     */
    public static Tokenizer load(Path tokenizerJson) {
        try {
            // Left on, truncation would cut every text at 512 tokens.
            return new Tokenizer(HuggingFaceTokenizer.builder()
                    .optTokenizerPath(tokenizerJson)
                    .optTruncation(false)
                    .optPadding(false)
                    .optAddSpecialTokens(true)
                    .build());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            throw new RuntimeFailure(
                    "tokenizer-invalid",
                    "The tokenizers library does not accept " + tokenizerJson + ": " + e.getMessage()
                            + "\nTry: save the tokenizer again with a current transformers",
                    e);
        }
    }

    /** Token ids of {@code text}, special tokens added as the tokenizer itself adds them. */
    public int[] encode(String text) {
        return Arrays.stream(tokenizer.encode(text).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
