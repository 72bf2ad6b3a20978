package io.modelassay;

import io.modelassay.runtime.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.apiguardian.api.API;

/** A text to evaluate on: a file, a string, or tokens as they are. Read and tokenized when it is first needed. */
@API(status = API.Status.EXPERIMENTAL)
public final class Text {
    private final String name;
    private final Source source;
    private final Optional<Path> file;

    private Text(String name, Source source) {
        this(name, source, Optional.empty());
    }

    private Text(String name, Source source, Optional<Path> file) {
        this.name = name;
        this.source = source;
        this.file = file;
    }

    /** Where the tokens come from. */
    private interface Source {
        int[] tokens(Supplier<Tokenizer> tokenizer);
    }

    /** The UTF-8 file at {@code path}, one call of the tokenizer over its whole content. */
    public static Text of(Path path) {
        Source read = tokenizer -> {
            try {
                return tokenizer.get().encode(Files.readString(path, StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException("The text " + path + " cannot be read", e);
            }
        };
        return new Text(String.valueOf(path.getFileName()), read, Optional.of(path));
    }

    /** The UTF-8 file at {@code path}. */
    public static Text of(String path) {
        return of(Path.of(path));
    }

    /** The text itself. */
    public static Text ofString(String text) {
        return new Text(
                "a string of " + text.length() + " characters",
                tokenizer -> tokenizer.get().encode(text));
    }

    /** Token ids, used as they are. */
    public static Text ofTokens(int... ids) {
        int[] copy = ids.clone();
        return new Text(copy.length + " given tokens", tokenizer -> copy.clone());
    }

    /**
     * The token ids in the file at {@code json}, one JSON array of them. Figures over recorded tokens depend on no tokenizer,
     * and so compare across its versions.
     *
     * @throws IllegalArgumentException when the text is first used, if the file holds anything else
     */
    public static Text ofTokens(Path json) {
        return new Text(String.valueOf(json.getFileName()), tokenizer -> TokenFile.read(json));
    }

    /** The same text under another name in messages and reports. */
    public Text named(String other) {
        return new Text(other, source, file);
    }

    /** For messages, such as a file's name. */
    public String name() {
        return name;
    }

    /** The UTF-8 file that it is read from, if it is. */
    public Optional<Path> file() {
        return file;
    }

    int[] tokens(Supplier<Tokenizer> tokenizer) {
        return source.tokens(tokenizer);
    }

    @Override
    public String toString() {
        return name;
    }
}
