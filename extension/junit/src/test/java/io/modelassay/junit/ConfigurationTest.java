package io.modelassay.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** Settings and what they mean; those that mean nothing, word for word. */
class ConfigurationTest {
    private static final String HERE = ConfigurationTest.class.getName() + "$";

    @TempDir
    Path report;

    /** Each method is one annotation. */
    @SuppressWarnings("unused")
    private static final class Quantizations {
        @EachQuantization({
            @Quantize(method = Method.RTN),
            @Quantize(method = Method.RTN, bits = 3, groupSize = 64, symmetric = false),
            @Quantize(
                    method = Method.RTN,
                    bits = 8,
                    groupSize = -1,
                    keep = {"lm_head", "*.down_proj"}),
            @Quantize(method = Method.AWQ, calibration = "text.txt"),
            @Quantize(method = Method.GPTQ, bits = 3, actOrder = true, calibration = "tokens.json"),
            @Quantize(
                    method = Method.GPTQ,
                    calibration = "text.txt",
                    dynamic = {"+:.*\\.down_proj$=bits:8,desc_act:true", "-:.*\\.o_proj$"},
                    head = true),
            @Quantize(method = Method.HQQ, bits = 3),
            @Quantize(method = Method.NF4),
            @Quantize(method = Method.NF4, bits = 4, blockSize = 128, doubleQuantization = true),
            @Quantize(method = Method.FP4, blockSize = 32),
            @Quantize(method = Method.LLM_INT8, bits = 8),
            @Quantize(method = Method.FP8),
            @Quantize(method = Method.FP8, granularity = Granularity.BLOCK),
        })
        void meaningful() {}

        @EachQuantization({
            @Quantize(method = Method.RTN, bits = 5),
            @Quantize(method = Method.RTN, groupSize = -2),
            @Quantize(method = Method.RTN, blockSize = 64),
            @Quantize(method = Method.RTN, doubleQuantization = true),
            @Quantize(method = Method.RTN, granularity = Granularity.TENSOR),
            @Quantize(method = Method.RTN, calibration = "text.txt"),
            @Quantize(method = Method.AWQ, calibration = "text.txt", actOrder = true),
            @Quantize(method = Method.GPTQ),
            @Quantize(method = Method.RTN, dynamic = ".*=desc_act:true"),
            @Quantize(method = Method.HQQ, dynamic = ".*=bits:8"),
            @Quantize(method = Method.NF4, head = true),
            @Quantize(method = Method.HQQ, symmetric = false),
            @Quantize(method = Method.NF4, bits = 8),
            @Quantize(method = Method.NF4, groupSize = 64),
            @Quantize(method = Method.NF4, symmetric = false),
            @Quantize(method = Method.FP4, blockSize = 48),
            @Quantize(method = Method.FP4, granularity = Granularity.BLOCK),
            @Quantize(method = Method.LLM_INT8, bits = 4),
            @Quantize(method = Method.LLM_INT8, groupSize = 128),
            @Quantize(method = Method.FP8, doubleQuantization = true),
            @Quantize(method = Method.FP8, symmetric = false),
        })
        void meaningless() {}
    }

    private static Quantize[] annotations(String method) throws NoSuchMethodException {
        return Quantizations.class
                .getDeclaredMethod(method)
                .getAnnotation(EachQuantization.class)
                .value();
    }

    @Test
    void attributesBecomeAQuantization() throws NoSuchMethodException {
        assertThat(Stream.of(annotations("meaningful")).map(quantize -> QuantizeReader.read(quantize, "here")))
                .containsExactly(
                        Quantization.rtn(4, 128),
                        Quantization.rtn(3, 64).asymmetric(),
                        Quantization.rtn(8, -1).keep("lm_head", "*.down_proj"),
                        Quantization.awq(4, 128).calibratedOn(Path.of("text.txt")),
                        Quantization.gptq(3, 128)
                                .with(GptqSettings.DEFAULT.order(GptqSettings.Order.ACT_ORDER))
                                .calibratedOn(Path.of("tokens.json")),
                        Quantization.gptq(4, 128)
                                .dynamic("+:.*\\.down_proj$=bits:8,desc_act:true", "-:.*\\.o_proj$")
                                .withHead()
                                .calibratedOn(Path.of("text.txt")),
                        Quantization.hqq(3, 64),
                        Quantization.nf4(),
                        Quantization.nf4().blockSize(128).doubleQuantized(),
                        Quantization.fp4().blockSize(32),
                        Quantization.llmInt8(),
                        Quantization.fp8(Granularity.CHANNEL),
                        Quantization.fp8(Granularity.BLOCK));
    }

    static Stream<Arguments> meaningless() throws NoSuchMethodException {
        String[] texts = {
            "@Quantize(method = RTN) on here: RTN has 2, 3, 4 or 8 bits, not 5",
            "@Quantize(method = RTN) on here: Group size is a positive number, or -1 for one group, not -2",
            "@Quantize(method = RTN, blockSize = 64) on here: RTN has no such setting",
            "@Quantize(method = RTN, doubleQuantization = true) on here: RTN has no such setting",
            "@Quantize(method = RTN, granularity = TENSOR) on here: RTN has no such setting",
            "@Quantize(method = RTN, calibration = text.txt) on here: RTN has no such setting",
            "@Quantize(method = AWQ, actOrder = true) on here: AWQ has no such setting",
            "@Quantize(method = GPTQ) on here names no calibration\nTry: calibration = \"src/test/resources/calibration.txt\"",
            "@Quantize(method = RTN) on here: The rule \".*=desc_act:true\" cannot be applied: RTN has no desc_act",
            "@Quantize(method = HQQ) on here: int4 g64 HQQ has no dynamic",
            "@Quantize(method = NF4) on here: nf4 has no quantized head",
            "@Quantize(method = HQQ, symmetric = false) on here: HQQ has no such setting",
            "@Quantize(method = NF4, bits = 8) on here: NF4 has 4 bits",
            "@Quantize(method = NF4, groupSize = 64) on here: NF4 has no such setting",
            "@Quantize(method = NF4, symmetric = false) on here: NF4 has no such setting",
            "@Quantize(method = FP4) on here: Block size is a power of two from 32 to 4096, not 48",
            "@Quantize(method = FP4, granularity = BLOCK) on here: FP4 has no such setting",
            "@Quantize(method = LLM_INT8, bits = 4) on here: LLM_INT8 has 8 bits",
            "@Quantize(method = LLM_INT8, groupSize = 128) on here: LLM_INT8 has no such setting",
            "@Quantize(method = FP8, doubleQuantization = true) on here: FP8 has no such setting",
            "@Quantize(method = FP8, symmetric = false) on here: FP8 has no such setting",
        };
        Quantize[] annotations = annotations("meaningless");
        assertThat(texts).hasSameSizeAs(annotations);
        return Stream.iterate(0, i -> i < texts.length, i -> i + 1).map(i -> arguments(texts[i], annotations[i]));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("meaningless")
    void attributesThatAMethodDoesNotHaveAreErrors(String message, Quantize annotation) {
        assertThatThrownBy(() -> QuantizeReader.read(annotation, "here"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessage(message);
    }

    @QuantizedModel("")
    static class NoPath {
        @Test
        void test(ModelUnderTest model) {}
    }

    @QuantizedModel(value = "fixture:tiny-llama", sha256 = "ABC")
    static class NoHash {
        @Test
        void test(ModelUnderTest model) {}
    }

    @QuantizedModel(
            value = "fixture:tiny-llama",
            quantize = {@Quantize(method = Method.NF4), @Quantize(method = Method.FP4)})
    static class TwoQuantizations {
        @Test
        void test(ModelUnderTest model) {}
    }

    @QuantizedModel(value = "fixture:tiny-llama", quantize = @Quantize(method = Method.NF4, groupSize = 128))
    static class WrongAttribute {
        @Test
        void test(ModelUnderTest model) {}
    }

    @Test
    void aClassWhoseAnnotationMeansNothingFails() {
        fails(NoPath.class, "@QuantizedModel on " + HERE + "NoPath: value = \"\" names no artifact");
        fails(
                NoHash.class,
                "@QuantizedModel on " + HERE + "NoHash: sha256 = \"ABC\" is not 64 hexadecimal digits in lower case");
        fails(
                TwoQuantizations.class,
                "@QuantizedModel on " + HERE
                        + "TwoQuantizations: quantize names 2 quantizations; for one test each take @EachQuantization");
        fails(
                WrongAttribute.class,
                "@Quantize(method = NF4, groupSize = 128) on " + HERE + "WrongAttribute: NF4 has no such setting");
    }

    private void fails(Class<?> sample, String message) {
        assertThat(Kit.failure(Kit.run(report, sample)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessage(message);
    }

    @Test
    void theBuilderKeepsTheSameRules() {
        assertThatThrownBy(() -> ModelAssayExtension.builder(" ").build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessage("ModelAssayExtension.builder(\" \"): value = \" \" names no artifact");
        assertThatThrownBy(() ->
                        ModelAssayExtension.builder("model").sha256("0123").build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessage("ModelAssayExtension.builder(\"model\"): sha256 = \"0123\""
                        + " is not 64 hexadecimal digits in lower case");
    }

    @QuantizedModel(
            value = "fixture:tiny-llama",
            quantize =
                    @Quantize(
                            method = Method.NF4,
                            keep = {"lm_head", "visual.*"}))
    static class KeepsNothing {
        @Test
        void test(ModelUnderTest model) {}
    }

    @Test
    void aKeepPatternThatMatchesNothingFails() {
        assertThat(Kit.failure(Kit.run(report, KeepsNothing.class)))
                .isInstanceOf(ModelLoadException.class)
                .hasMessage("""
                        keep = "visual.*" matches none of the 39 modules of this llama model
                        Try: a module name such as model.layers.2.input_layernorm, with * for any characters""");
    }

    static class RightHash {
        @RegisterExtension
        static final ModelAssayExtension MODEL =
                ModelAssayExtension.builder("fixture:tiny-llama").sha256(hash()).build();

        private static String hash() {
            try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("tiny-llama"))) {
                return checkpoint.contentHash();
            }
        }

        @Test
        void test(ModelUnderTest model) {
            Kit.saw("test", model);
        }
    }

    @QuantizedModel(
            value = "fixture:tiny-llama",
            sha256 = "00000000000000000000000000000000000000000000000000000000deadbeef")
    static class WrongHash {
        @Test
        void a(ModelUnderTest model) {}

        @Test
        void b(@QuantizedModel("fixture:tiny-llama") ModelUnderTest any) {}
    }

    @Test
    void theHashIsHeldAgainstTheContent() {
        Kit.run(report, RightHash.class).testEvents().assertStatistics(events -> events.succeeded(1));
        EngineExecutionResults results = Kit.run(report, WrongHash.class);
        results.testEvents().assertStatistics(events -> events.succeeded(1).failed(1));
        assertThat(Kit.failure(results)).isInstanceOf(ModelLoadException.class).hasMessage("""
                        The checkpoint %s has sha256 %s, but the test asks for \
                        00000000000000000000000000000000000000000000000000000000deadbeef
                        Try: the revision that the test was written for, or the new hash if the change is wanted\
                        """.formatted(
                        ArtifactLocation.find("fixture:tiny-llama", ConfigurationTest.class)
                                .orElseThrow(),
                        RightHash.hash()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1.5", "10s", "9999999999"})
    void aTimeoutIsANumberOfSeconds(String value) {
        EngineExecutionResults results =
                Kit.run(report, Map.of(ModelAssayConfiguration.LOAD_TIMEOUT, value), RightHash.class);
        assertThat(Kit.failure(results))
                .isInstanceOf(ConfigurationException.class)
                .hasMessage("modelassay.load.timeout = \"" + value + "\" is no number of seconds");
    }
}
