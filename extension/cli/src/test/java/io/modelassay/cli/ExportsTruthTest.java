package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Folders that the real GPTQModel, AutoAWQ, bitsandbytes, compressed-tensors and transformers have loaded, with our logits:
 * what is written today is what they loaded. Methods with a calibration depend on the machine's order of sums, so of them only
 * the record is looked at.
 */
class ExportsTruthTest {
    private static final JsonNode TRUTH = Truths.json("quantizers/exports.json");

    @TempDir
    private Path folder;

    static Stream<String> withoutCalibration() {
        return TRUTH.propertyStream()
                .filter(record -> !record.getValue().path("quantize").toString().contains("--calibration"))
                .map(record -> record.getKey());
    }

    @ParameterizedTest
    @MethodSource("withoutCalibration")
    void isWrittenAsTheLibraryLoadedIt(String name) throws IOException {
        JsonNode truth = TRUTH.path(name);
        Path out = folder.resolve(name);
        List<Object> arguments = new ArrayList<>(
                List.of("quantize", Fixtures.path(truth.path("model").textValue()), "--out", out));
        truth.path("quantize").forEach(argument -> arguments.add(argument.textValue()));
        assertThat(CommandRun.of(arguments.toArray()).code()).isZero();
        JsonNode written = CommandRun.json(Files.readString(out.resolve("modelassay-manifest.json")))
                .path("sha256");
        assertThat(truth.path("sha256")).hasSizeGreaterThan(50);
        truth.path("sha256")
                .properties()
                .forEach(hash -> assertThat(written.path(hash.getKey()))
                        .as(hash.getKey())
                        .isEqualTo(hash.getValue()));
    }

    @Test
    void everyRecordedFolderWasLoadedWithOurLogits() {
        assertThat(TRUTH.size()).isGreaterThanOrEqualTo(20);
        TRUTH.forEach(record -> {
            JsonNode loaded = record.path("loaded");
            assertThat(loaded.path("max_abs_difference").doubleValue()).isLessThan(1e-3);
            assertThat(loaded.path("missing")).isEmpty();
            assertThat(loaded.path("unexpected")).isEmpty();
        });
    }

    @Test
    void aFolderThatTheNewestReleaseRefusesIsWrittenOnRequestOnly() {
        assertThat(TRUTH.valueStream().filter(record -> record.has("refused"))).hasSize(2);
        TRUTH.forEach(record -> {
            assertThat(record.has("refused"))
                    .isEqualTo(record.path("quantize").toString().contains("refused_by_newest"));
            if (record.has("refused")) {
                assertThat(record.at("/refused/raised").asText()).isNotEmpty();
            }
        });
    }
}
