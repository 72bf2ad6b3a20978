package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerVocabularyTests {
    @TempDir
    private Path folder;

    @Test
    void idsOfTheVocabularyAndOfAddedTokens() throws IOException {
        assertThat(size("""
                {"version": "1.0", "added_tokens": [{"id": 9, "content": "<x>"}, {"content": "<y>", "id": 3}],
                 "model": {"type": "BPE", "vocab": {"a": 0, "b": 5}, "merges": [["a", "b"]]}}""")).hasValue(10);
        assertThat(size("{\"model\": {\"vocab\": {\"a\": 0, \"b\": 11}}, \"added_tokens\": null}"))
                .hasValue(12);
    }

    @Test
    void piecesCountByPosition() throws IOException {
        assertThat(size("{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", -1.5], [\"b\", -2], [\"c\", 0]]}}"))
                .hasValue(3);
    }

    @Test
    void whatIsOfNoKnownKindHasNoSize() throws IOException {
        assertThat(size("{}")).isEmpty();
        assertThat(size("[1]")).isEmpty();
        assertThat(size("{\"model\": 3, \"added_tokens\": {\"id\": 3}}")).isEmpty();
        assertThat(size("{\"model\": {\"vocab\": {\"a\": 1}}, ")).isEmpty();
        assertThat(size("{\"model\": {\"vocab\": [[")).isEmpty();
    }

    @Test
    void tokensHaveTheIdsOfTheirPlace() throws IOException {
        String bpe = """
                {"added_tokens": [{"id": 9, "content": "<x>", "special": true}, {"content": "<y>", "id": 3}],
                 "model": {"type": "BPE", "vocab": {"a": 0, "b": 5}}}""";
        assertThat(id(bpe, "<x>")).hasValue(9);
        assertThat(id(bpe, "<y>")).hasValue(3);
        assertThat(id(bpe, "b")).hasValue(5);
        assertThat(id(bpe, "<z>")).isEmpty();
        String unigram =
                "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", -1.5], [\"b\", [2]], 7, [\"c\", 0]]}}";
        assertThat(id(unigram, "b")).hasValue(1);
        assertThat(id(unigram, "c")).hasValue(3);
        assertThat(id("[1]", "a")).isEmpty();
    }

    private OptionalLong id(String json, String token) throws IOException {
        return TokenizerVocabulary.id(Files.writeString(folder.resolve("tokenizer.json"), json), token);
    }

    private OptionalLong size(String json) throws IOException {
        return TokenizerVocabulary.size(Files.writeString(folder.resolve("tokenizer.json"), json));
    }
}
