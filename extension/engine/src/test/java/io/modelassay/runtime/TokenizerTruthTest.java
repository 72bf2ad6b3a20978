package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.EachModel;
import io.modelassay.truth.Truths;

class TokenizerTruthTest {
    @EachModel
    void theWholeTextHasTheTokensThatTransformersGivesIt(String name) {
        String text = Fixtures.text("held-out.txt");
        int[] truth = Truths.tokens(name);
        try (Tokenizer tokenizer = Tokenizer.load(Fixtures.path(name).resolve("tokenizer.json"))) {
            // Far beyond the 512 tokens at which the library cuts by default.
            assertThat(truth).hasSizeGreaterThan(20_000);
            assertThat(tokenizer.encode(text)).isEqualTo(truth);
        }
    }
}
