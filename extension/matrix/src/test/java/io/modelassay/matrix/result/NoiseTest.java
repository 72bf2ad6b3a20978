package io.modelassay.matrix.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class NoiseTest {
    private static final Noise BF16 = Noise.of("bf16");

    /** Seen between PyTorch 2.1.1 and 2.7.1: 257200 and 256600 over 128 tokens, 36.3398 and 36.3401 over 6643. */
    @Test
    void fewTokensAreLessSteadyThanMany() {
        assertThat(BF16.over(128).perplexity(256600, null)).isBetween(600.0, 1200.0);
        assertThat(BF16.over(6643).perplexity(256600, null)).isLessThan(300);
        assertThat(BF16.over(2048).perplexity(100, null)).isEqualTo(BF16.perplexity(100, null));
        assertThat(BF16.over(1_000_000).perplexity(100, null)).isEqualTo(BF16.perplexity(100, null));
    }

    @Test
    void aQuarterOfTheTokensHasTwiceTheNoise() {
        assertThat(BF16.over(512).driftPercent(null)).isEqualTo(2 * BF16.driftPercent(null), within(1e-12));
    }

    /** What rounding does to one tensor does not depend on how many tokens follow. */
    @Test
    void tensorsDoNotCountTokens() {
        assertThat(BF16.over(16).output(3)).isEqualTo(BF16.output(3));
        assertThat(BF16.over(16).weight()).isEqualTo(BF16.weight());
    }
}
