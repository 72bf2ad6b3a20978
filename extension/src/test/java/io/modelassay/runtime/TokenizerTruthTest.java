package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.truth.EachModel;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;

class TokenizerTruthTest {
    @EachModel
    void theWholeTextHasTheTokensThatTransformersGivesIt(String name) throws IOException {
        String text = Files.readString(Truths.path("text/held-out.txt"), StandardCharsets.UTF_8);
        int[] truth = Truths.tokens(name);
        try (Tokenizer tokenizer = Tokenizer.load(Truths.model(name).resolve("tokenizer.json"))) {
            // Far beyond the 512 tokens at which the library cuts by default.
            assertThat(truth).hasSizeGreaterThan(20_000);
            assertThat(tokenizer.encode(text)).isEqualTo(truth);
        }
    }
}
