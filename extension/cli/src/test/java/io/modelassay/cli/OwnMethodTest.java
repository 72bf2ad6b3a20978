package io.modelassay.cli;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.diagnosis.Setting;
import io.modelassay.evaluation.DefaultLimits;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.junit.Quantize;
import io.modelassay.junit.QuantizedModel;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationMethods;
import io.modelassay.runtime.DType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A method that the library does not know, told in {@link io.modelassay.own.LowBits} and nowhere else, works in every place that takes one. */
class OwnMethodTest {
    private static final Path MODEL = Fixtures.path("tiny-llama");

    @TempDir
    Path folder;

    @Test
    void theFacadeAppliesIt() {
        try (ModelUnderTest three = ModelAssay.open(MODEL)
                        .quantize(Quantization.of("low-bits"))
                        .load();
                ModelUnderTest two = ModelAssay.open(MODEL)
                        .quantize(Quantization.of("low-bits", 2, 64))
                        .load();
                ModelUnderTest plain = ModelAssay.open(MODEL).load()) {
            assertThat(three.quantization().orElseThrow().label()).isEqualTo("int3 g64 LOW_BITS");
            assertThat(three).hasNoNaNs();
            float[][] wanted = plain.logits(5, 12, 19, 26);
            double fine = distance(three.logits(5, 12, 19, 26), wanted);
            double coarse = distance(two.logits(5, 12, 19, 26), wanted);
            assertThat(fine).isPositive().isLessThan(coarse);
        }
    }

    private static double distance(float[][] left, float[][] right) {
        double sum = 0;
        for (int row = 0; row < left.length; row++) {
            for (int i = 0; i < left[row].length; i++) {
                sum += Math.abs(left[row][i] - right[row][i]);
            }
        }
        return sum;
    }

    @Test
    void theAnnotationNamesIt(
            @QuantizedModel(value = "fixture:tiny-llama", quantize = @Quantize(named = "low-bits", bits = 2))
                    ModelUnderTest model) {
        assertThat(model.quantization()).contains(Quantization.of("low-bits", 2, 64));
    }

    @Test
    void theCommandLineWritesIt() {
        CommandRun run = quantize("--bits", "3", "--group-size", "32");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.json().at("/quantization").asText()).isEqualTo("int3 g32 LOW_BITS");
        JsonNode inspected = CommandRun.of("inspect", folder.resolve("out"), "--reference", MODEL, "--json")
                .json();
        assertThat(inspected.at("/quantization/bits").asInt()).isEqualTo(3);
        assertThat(inspected.at("/quantization/group_size").asInt()).isEqualTo(32);
        assertThat(inspected.at("/findings")).isEmpty();
    }

    @Test
    void itsOptionIsOneOfTheCommandLineAndOfNoOtherMethod() {
        assertThat(CommandRun.of("quantize", "--help").out())
                .contains("--whole-rows", "low-bits: one group for each row.");
        CommandRun other =
                CommandRun.of("quantize", MODEL, "--out", folder.resolve("other"), "--method", "rtn", "--whole-rows");
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).contains("int4 g128 RTN has no whole-rows");
        assertThat(quantize("--bits", "4").err()).contains("LOW_BITS has 2, 3 or 5 bits, not 4");
    }

    @Test
    void aLayoutThatCannotPackItsCodesRefusesThem() {
        CommandRun run = quantize("--format", "pack-quantized", "--bits", "5");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("No format stores int5 g64 LOW_BITS");
    }

    @Test
    void evaluateTakesItBesideItsOption() {
        Path tokens = Fixtures.path("tiny-llama").resolve("no-such-file");
        CommandRun run = CommandRun.of("evaluate", MODEL, "--quantize", "low-bits:bits=9", "--tokens", tokens);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .contains("LOW_BITS has 2, 3 or 5 bits, not 9")
                .contains("low-bits:bits=3,group=64[,asym]");
        assertThat(Quantization.of("low-bits").option("whole-rows", "").contentKey())
                .isNotEqualTo(Quantization.of("low-bits").contentKey());
    }

    @Test
    void defaultLimitsAndDiagnosisKnowIt() {
        Quantization quantization = Quantization.of("low-bits");
        assertThat(DefaultLimits.of(quantization, 7_000_000_000L))
                .isEqualTo(DefaultLimits.of(Quantization.rtn(3, 128), 7_000_000_000L));
        assertThat(Setting.of(quantization, DType.BF16).procedure().id()).isEqualTo("rtn");
    }

    @Test
    void aNameThatNobodyHasIsRefusedWithThoseThatAreKnown() {
        assertThatThrownBy(() -> Quantization.of("even-bits"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("There is no method even-bits\nTry: one of ")
                .hasMessageContaining("gptq")
                .hasMessageEndingWith("low-bits");
        assertThat(QuantizationMethods.all()).hasSize(9);
    }

    private CommandRun quantize(String... options) {
        Stream<Object> fixed =
                Stream.of("quantize", MODEL, "--out", folder.resolve("out"), "--method", "low-bits", "--json");
        return CommandRun.of(Stream.concat(fixed, Arrays.stream(options)).toArray());
    }
}
