package io.modelassay.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tolerances: their forms, and the edge, which holds. */
class ToleranceTest {
    @ParameterizedTest
    @CsvSource({
        "0, 3.2, 3.2, true",
        "0, 3.2, 3.2001, false",
        "0.3, 3.2, 3.5, true",
        "0.3, 3.2, 2.9, true",
        "0.3, 3.2, 3.5001, false",
        "0.3, 3.2, 2.8999, false",
        "10 %, 30, 33, true",
        "10 %, 30, 27, true",
        "10 %, 30, 33.001, false",
        "10 %, -30, -33, true",
        "10 %, 0, 0.0001, false",
        "0.01 + 10 %, 0, 0.01, true",
        "0.01 + 10 %, 0.5, 0.56, true",
        "0.01 + 10 %, 0.5, 0.56001, false",
        "100, 3, NaN, false",
        "100, 3, Infinity, false",
        "100, NaN, NaN, false",
    })
    void allows(String tolerance, double recorded, double now, boolean expected) {
        assertThat(Tolerance.parse(tolerance).allows(recorded, now)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "x", "-1", "1e3", "5 % + 1", "1 + 2", "% 5", "1,5", "5 % %", "NaN"})
    void refusesOtherForms(String text) {
        assertThatThrownBy(() -> Tolerance.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("\"" + text + "\" is no tolerance");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "0.05", "2 %", "0.05 + 2 %"})
    void readsWhatItWrites(String text) {
        assertThat(Tolerance.parse(text)).hasToString(text);
    }
}
