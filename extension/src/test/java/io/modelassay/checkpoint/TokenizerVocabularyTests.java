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

    private OptionalLong size(String json) throws IOException {
        return TokenizerVocabulary.size(Files.writeString(folder.resolve("tokenizer.json"), json));
    }
}
