package io.modelassay.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * A token that prompts of a batch are filled up with.
 *
 * @param id its id
 * @param sources where that is said, such as {@code pad_token_id of config.json}
 */
@API(status = API.Status.INTERNAL)
public record PadToken(long id, List<String> sources) {
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

    /**
     * Each pad token that the files name: the tokenizer's, and those of {@code generation_config.json} and {@code config.json},
     * where a negative id stands for none. Where no file names one, the end of the text, which generation then takes.
     */
    public static List<PadToken> of(Checkpoint checkpoint) {
        List<PadToken> named = named(checkpoint, "pad", "");
        return named.isEmpty() ? named(checkpoint, "eos", ", as no file names a pad token") : named;
    }

    private static List<PadToken> named(Checkpoint checkpoint, String kind, String reason) {
        Map<Long, List<String>> sources = new LinkedHashMap<>();
        checkpoint
                .companionFile(TOKENIZER_CONFIG)
                .map(ModelConfig::read)
                .flatMap(config -> text(config, kind + "_token"))
                .ifPresent(token -> ofTokenizer(checkpoint, token)
                        .ifPresent(id -> add(
                                sources,
                                id,
                                kind + "_token " + CheckpointException.quote(token) + " of " + TOKENIZER_CONFIG)));
        Stream.concat(
                        checkpoint.generationConfig().stream(),
                        Stream.of(checkpoint.config().languageModel()))
                .forEach(config -> id(config, kind + "_token_id")
                        .ifPresent(id -> add(
                                sources,
                                id,
                                kind + "_token_id of " + config.file().getFileName())));
        return sources.entrySet().stream()
                .map(entry -> new PadToken(
                        entry.getKey(),
                        entry.getValue().stream().map(source -> source + reason).toList()))
                .toList();
    }

    private static void add(Map<Long, List<String>> sources, long id, String source) {
        sources.computeIfAbsent(id, unused -> new ArrayList<>()).add(source);
    }

    /** A token is a string, or an object with its {@code content}. */
    private static Optional<String> text(ModelConfig config, String key) {
        return config.isObject(key) ? config.object(key).optionalString("content") : config.optionalString(key);
    }

    /** A token that the vocabulary lacks is added behind it when the tokenizer is loaded. */
    private static OptionalLong ofTokenizer(Checkpoint checkpoint, String token) {
        Optional<Path> file = checkpoint.tokenizerFile();
        if (file.isEmpty()) {
            return OptionalLong.empty();
        }
        OptionalLong id = TokenizerVocabulary.id(file.get(), token);
        return id.isPresent() ? id : TokenizerVocabulary.size(file.get());
    }

    /** The first where there are several. */
    private static OptionalLong id(ModelConfig config, String key) {
        OptionalLong id = config.isArray(key)
                ? config.integers(key).stream().mapToLong(Long::longValue).findFirst()
                : config.optionalInteger(key);
        return id.isPresent() && id.getAsLong() >= 0 ? id : OptionalLong.empty();
    }

    /** Such as {@code 0 (pad_token_id of config.json)}. */
    @Override
    public String toString() {
        return id + " (" + String.join("; ", sources) + ")";
    }
}
