package io.modelassay.runtime;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.modelassay.checkpoint.TokenizerFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.apiguardian.api.API;

/** A checkpoint's {@code tokenizer.json}, run by the Hugging Face tokenizers library. */
@API(status = API.Status.INTERNAL)
public final class Tokenizer implements AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;

    private Tokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Loads a tokenizer. Sampling, which the file may ask for, is off: equal texts have equal tokens.
     *
     * @throws io.modelassay.checkpoint.CheckpointException {@code tokenizer-invalid} for a file that the library would
     *     not survive
     * @throws RuntimeFailure {@code tokenizer-invalid} if the library does not accept the file,
     *     {@code libraries-do-not-fit} if it does not fit the rest of DJL
     */
    public static Tokenizer load(Path tokenizerJson) {
        TokenizerFile checked = TokenizerFile.read(tokenizerJson);
        try (InputStream file = new ByteArrayInputStream(checked.withoutSampling())) {
            // Left on, truncation would cut every text at 512 tokens. Given a stream, not the path, which versions of
            // the library read differently.
            return new Tokenizer(HuggingFaceTokenizer.newInstance(
                    file, Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "true")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            throw new RuntimeFailure(
                    RuntimeProblem.TOKENIZER_INVALID,
                    "The tokenizers library (ai.djl.huggingface:tokenizers" + version() + ") does not accept "
                            + tokenizerJson + ": " + e.getMessage(),
                    "a newer tokenizers library, or save the tokenizer again with a current transformers",
                    e);
        } catch (LinkageError e) {
            throw new RuntimeFailure(
                    RuntimeProblem.LIBRARIES_DO_NOT_FIT,
                    "The tokenizers library (ai.djl.huggingface:tokenizers" + version()
                            + ") does not fit the other libraries of DJL: " + e,
                    "ai.djl:api, ai.djl.pytorch:pytorch-engine and ai.djl.huggingface:tokenizers of one version",
                    e);
        }
    }

    private static String version() {
        String version = HuggingFaceTokenizer.class.getPackage().getSpecificationVersion();
        return version == null ? "" : " " + version;
    }

    /** Token ids of {@code text}, special tokens added as the tokenizer itself adds them. */
    public int[] encode(String text) {
        try {
            return Arrays.stream(tokenizer.encode(text).getIds())
                    .mapToInt(Math::toIntExact)
                    .toArray();
        } catch (RuntimeException e) {
            throw new RuntimeFailure(
                    RuntimeProblem.TOKENIZER_INVALID,
                    "The tokenizers library cannot tokenize the text: " + e.getMessage(),
                    "a tokenizer.json whose vocabulary holds its unknown token, or token ids in the place of"
                            + " a text",
                    e);
        }
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
