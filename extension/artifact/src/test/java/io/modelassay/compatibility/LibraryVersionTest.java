package io.modelassay.compatibility;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LibraryVersionTest {
    @Test
    void ordersAsPep440() {
        List<LibraryVersion> ascending = List.of(
                        "0.9.0",
                        "0.10.0.dev0",
                        "0.10.0a1",
                        "0.10.0b2.dev1",
                        "0.10.0b2",
                        "0.10.0rc1",
                        "0.10.0",
                        "0.10.0.post1",
                        "0.10.1",
                        "1.0",
                        "4.57.6",
                        "5.0.0")
                .stream()
                .map(LibraryVersion::of)
                .toList();
        List<LibraryVersion> sorted = new ArrayList<>(ascending);
        Collections.reverse(sorted);
        Collections.sort(sorted);
        assertThat(sorted).isEqualTo(ascending);
    }

    @ParameterizedTest
    @CsvSource({"0.9, 0.9.0", "1.0.0+cpu, 1.0", "v0.13.2, 0.13.2", "1.0-rc.1, 1.0rc1"})
    void equalSpellings(String one, String other) {
        assertThat(LibraryVersion.of(one))
                .isEqualTo(LibraryVersion.of(other))
                .hasSameHashCodeAs(LibraryVersion.of(other));
        assertThat(LibraryVersion.of(one)).hasToString(one);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "latest", "0.13.x", ">=0.13", "0..1", "99999999999"})
    void whatIsNoVersion(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LibraryVersion.of(text))
                .withMessageContaining("is no version");
    }
}
