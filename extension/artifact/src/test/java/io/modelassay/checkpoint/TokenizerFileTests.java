package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each case that is refused here ended the process in tokenizers 0.21, or had not ended after seconds. */
class TokenizerFileTests {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    /** The tokenizer of a fixture with {@code value} at {@code place}, a JSON pointer without its slash. */
    private Path with(String place, String value) throws IOException {
        ObjectNode tokenizer = (ObjectNode) JSON.readTree(
                Fixtures.path("tiny-qwen2").resolve("tokenizer.json").toFile());
        int dot = place.indexOf('.');
        ObjectNode holder = dot < 0 ? tokenizer : (ObjectNode) tokenizer.get(place.substring(0, dot));
        holder.set(place.substring(dot + 1), JSON.readTree(value));
        return Files.write(folder.resolve("tokenizer.json"), JSON.writeValueAsBytes(tokenizer));
    }

    private void refused(String place, String value, String why) throws IOException {
        Path file = with(place, value);
        assertThatThrownBy(() -> TokenizerFile.read(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("The tokenizer ")
                .hasMessageContaining("(tokenizer-invalid)\n  file " + file + "\nTry: ")
                .hasMessageContaining(why);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama", "tiny-mistral", "tiny-qwen2", "tiny-qwen3"})
    void healthyFilesPassAsTheyAre(String fixture) throws IOException {
        Path file = Fixtures.path(fixture).resolve("tokenizer.json");
        TokenizerFile read = TokenizerFile.read(file);
        assertThat(read.withoutSampling()).isEqualTo(Files.readAllBytes(file));
        assertThat(read.dropout()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            value = {
                "post_processor; {'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': '<x>', 'type_id': 0}}], 'special_tokens': {}}; post_processor.single[0]",
                "post_processor; {'type': 'Sequence', 'processors': [{'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': '<x>'}}]}]}; post_processor.processors[0].single[0]",
                "post_processor; {'type': 'TemplateProcessing', 'single': [{'Sequence': {'id': 'B', 'type_id': 0}}]}; post_processor.single[0]",
                "post_processor; {'type': 'TemplateProcessing', 'single': [], 'special_tokens': {'x': {'ids': [2147483648]}}}; has the id 2147483648",
                "post_processor; {'type': 'BertProcessing', 'sep': ['x', 4294967296], 'cls': ['y', 1]}; post_processor.sep[1]",
                "pre_tokenizer; {'type': 'FixedLength', 'length': 0}; pre_tokenizer.length",
                "pre_tokenizer; {'type': 'Sequence', 'pretokenizers': [{'type': 'FixedLength', 'length': 0}]}; pre_tokenizer.pretokenizers[0].length",
                "pre_tokenizer; {'type': 'Split', 'pattern': {'Regex': '(a|a)*!'}}; pre_tokenizer.pattern.Regex",
                "decoder; {'type': 'Replace', 'pattern': {'Regex': '(a|a)*!'}, 'content': 'x'}; decoder.pattern.Regex",
                "normalizer; {'type': 'Replace', 'pattern': {'String': ''}, 'content': 'x'}; normalizer.pattern",
                "normalizer; {'type': 'Replace', 'pattern': {'Regex': 'x*'}, 'content': 'x'}; may be no character",
                "normalizer; {'type': 'Replace', 'pattern': {'Regex': 'a|b?'}, 'content': 'x'}; may be no character",
                "normalizer; {'type': 'Prepend', 'prepend': ''}; normalizer.prepend",
                "normalizer; {'type': 'Precompiled', 'precompiled_charsmap': ''}; normalizer.precompiled_charsmap",
                "normalizer; {'type': 'Precompiled', 'precompiled_charsmap': null}; normalizer.precompiled_charsmap",
                "normalizer; {'type': 'Precompiled', 'precompiled_charsmap': '!!!'}; not Base64",
                "normalizer; {'type': 'Precompiled', 'precompiled_charsmap': 'AAAAAAAAAAA='}; trie",
                "normalizer; {'type': 'Precompiled', 'precompiled_charsmap': 'BAAAAAAAAAD//g=='}; not UTF-8",
                "normalizer; {'type': 'Precompiled', 'precompiled_charsmap': 'BAAAAAAAAAB4'}; outside of itself",
                "model.continuing_subword_prefix; '##'; model.merges[0]",
                "model.vocab; {'a': 2147483648}; model.vocab[",
                "model.vocab; {'a': -1}; model.vocab[",
                "added_tokens; [{'id': 4294967296, 'content': 'x'}]; added_tokens[0].id",
            })
    void whatTheLibraryDoesNotSurviveIsRefusedWithItsPlace(String place, String value, String why) throws IOException {
        refused(place, value.replace('\'', '"'), why);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            value = {
                "post_processor; {'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': '<x>', 'type_id': 0}}, {'Sequence': {'id': 'A', 'type_id': 0}}], 'pair': [], 'special_tokens': {'<x>': {'id': '<x>', 'ids': [1], 'tokens': ['<x>']}}}",
                "pre_tokenizer; {'type': 'FixedLength', 'length': 5}",
                "normalizer; {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '\u2581'}",
                "normalizer; {'type': 'Sequence', 'normalizers': [{'type': 'Prepend', 'prepend': '\u2581'}, {'type': 'Replace', 'pattern': {'Regex': ' {2,}'}, 'content': ' '}]}",
                "normalizer; {'type': 'Replace', 'pattern': {'String': 'x'}, 'content': '<0x0A>'}",
                "truncation; {'direction': 'Right', 'max_length': 0, 'strategy': 'LongestFirst', 'stride': 9}",
                "padding; {'strategy': {'Fixed': 268435456}, 'direction': 'Right', 'pad_id': 0, 'pad_type_id': 0, 'pad_token': 'x'}",
                "model.vocab; {'a': 2147483647}",
                "model; {'type': 'WordLevel', 'vocab': {'a': 0}, 'unk_token': '[UNK]'}",
            })
    void whatItSurvivesPasses(String place, String value) throws IOException {
        assertThat(TokenizerFile.read(with(place, value.replace('\'', '"'))).dropout())
                .isEmpty();
    }

    @Test
    void replacementsThatGrowEachOtherAreRefused() throws IOException {
        String one = "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aa\"}";
        String chain = "{\"type\": \"Sequence\", \"normalizers\": [" + (one + ", ").repeat(11) + one + "]}";
        refused("normalizer", chain, "normalizer.normalizers[8].content");
        refused(
                "added_tokens",
                "[{\"id\": 1, \"content\": \"" + "x".repeat(20_000) + "\"}]",
                "added_tokens[0].content");
    }

    @Test
    void dropoutIsSwitchedOffAndTold() throws IOException {
        TokenizerFile read = TokenizerFile.read(with("model.dropout", "0.5"));
        assertThat(read.dropout()).hasValue(0.5);
        ObjectNode given = (ObjectNode) JSON.readTree(read.withoutSampling());
        assertThat(given)
                .isEqualTo(JSON.readTree(
                        Fixtures.path("tiny-qwen2").resolve("tokenizer.json").toFile()));
        assertThat(TokenizerFile.read(with("model.dropout", "0.0")).dropout()).isEmpty();
    }

    /** A trie that makes {@code a} of {@code A}, and the same with a leaf behind the texts. */
    @Test
    void aMapOfCharactersIsWalkedToItsEnd() throws IOException {
        assertThat(CharsMap.fault(map(0))).isEmpty();
        assertThat(CharsMap.fault(map(2))).isEmpty();
        assertThat(CharsMap.fault(map(3))).contains("has a leaf that points into no text");
        String coded = Base64.getEncoder().encodeToString(map(0));
        assertThat(TokenizerFile.read(
                        with("normalizer", "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"" + coded + "\"}")))
                .isNotNull();
    }

    private static byte[] map(int leaf) {
        ByteBuffer map = ByteBuffer.allocate(4 + 4 * 768 + 2).order(ByteOrder.LITTLE_ENDIAN);
        map.putInt(4 * 768);
        map.putInt(4, 256 << 10);
        map.putInt(4 + 4 * (256 ^ 'A'), ((256 ^ 'A' ^ 512) << 10) | 1 << 8 | 'A');
        map.putInt(4 + 4 * 512, leaf);
        map.position(4 + 4 * 768).put("a\0".getBytes(StandardCharsets.US_ASCII));
        return map.array();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "[!\\\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
                "\\p{N}{1,3}",
                " {2,}",
                "[0-9][0-9][0-9]",
                "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
                " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+",
                "\\s?\\p{L}+",
                "\\d{1,3}(?=(?:\\d{3})*\\b)",
                "[\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{M}&&[^\\p{Han}]]*[\\p{Ll}&&[^\\p{Han}]]+(?i:'s|'t)?",
                "\\p{L}+|\\S|\\s",
                "(\\s)",
                "(?<year>\\d{4})"
            })
    void patternsOfKnownTokenizersPass(String regex) {
        assertThat(TokenizerPattern.of(regex).danger()).isNull();
    }

    /** Oniguruma ends the process after ten million steps, and where the pattern overflows its stack. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a|a)*!",
                "(a+)+$",
                "(.*)*(.*)*(.*)*!!",
                "((a|a))*!",
                "(?:a?b?)*c",
                "(a{1,3})+!",
                "\\w*\\w*!",
                "(?=(a|a)*!)x",
                "(a)\\1",
                "\\g<0>",
                "a**",
                "(?(1)a|b)",
                "[^!]*[^!]*!",
                "(?:(?:a|b)c)+!",
                "a*(?=a*!)"
            })
    void patternsThatMayTakeTooLongDoNot(String regex) {
        assertThat(TokenizerPattern.of(regex).danger()).isNotNull();
    }

    @Test
    void longAndDeepPatternsDoNot() {
        assertThat(TokenizerPattern.of("(".repeat(20_000)).danger()).contains("10000 characters");
        assertThat(TokenizerPattern.of("(".repeat(200) + "a" + ")".repeat(200)).danger())
                .contains("levels deep");
    }

    @ParameterizedTest
    @CsvSource({
        "abc, 3",
        "a+b?, 1",
        "a*, 0",
        "'a|bcd', 1",
        "'(?:ab){2,3}', 4",
        "'[ab]{3}', 3",
        "\\s+(?!\\S), 1",
        "^$, 0"
    })
    void theShortestMatchIsKnown(String regex, int least) {
        assertThat(TokenizerPattern.of(regex).least()).isEqualTo(least);
    }
}
