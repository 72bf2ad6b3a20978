package io.modelassay.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            nullValues = "null",
            value = {
                "11.4217; 0.6123; %; 11.42 % ± 0.61 %",
                "18230.5; 911.2; %; 18,231 % ± 911 %",
                "0.0713; 0.00119; nats; 0.0713 nats ± 0.0012 nats",
                "37.176254; 2.0052; ''; 37.2 ± 2.0",
                "3; 0; keys; 3 keys",
                "0; 0; %; 0.00 %",
                "0; null; ''; 0",
                "0.000012345; null; ''; 0.000012",
                "12.3456; null; ''; 12.35",
                "null; 1; %; not finite",
                "NaN; 1; %; not finite",
            })
    void figuresForAPerson(Double value, Double error, String unit, String text) {
        assertThat(Numbers.withError(value, error, unit)).isEqualTo(text);
    }
}
