package io.modelassay.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.ModelUnderTest;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** One invocation for each quantization, of a method and of a class. */
class EachQuantizationTest {
    @TempDir
    Path report;

    @QuantizedModel("fixture:tiny-llama")
    static class OnMethod {
        OnMethod(ModelUnderTest model) {
            Kit.saw("constructor", model);
        }

        @BeforeEach
        void beforeEach(ModelUnderTest model) {
            Kit.saw("beforeEach", model);
        }

        @EachQuantization({
            @Quantize(method = Method.RTN),
            @Quantize(method = Method.RTN, bits = 8, groupSize = -1, symmetric = false),
            @Quantize(method = Method.NF4, blockSize = 128, doubleQuantization = true),
            @Quantize(method = Method.FP8, granularity = Granularity.TENSOR, keep = "model.layers.0"),
        })
        void each(ModelUnderTest model) {
            Kit.saw("each", model);
        }

        @Test
        void plain(ModelUnderTest model) {
            Kit.saw("plain", model);
        }
    }

    @Test
    void aMethodRunsOnceForEach() {
        EngineExecutionResults results = Kit.run(report, OnMethod.class);
        assertThat(Kit.failures(results.allEvents())).isEmpty();
        assertThat(Kit.finished(results))
                .containsExactly(
                        "int4 g128 RTN",
                        "int8 per channel asymmetric RTN",
                        "nf4 block 128 double-quantized",
                        "fp8 per tensor keeping model.layers.0",
                        "plain(ModelUnderTest)");
        assertThat(Kit.SEEN)
                .hasSize(15)
                .startsWith(
                        "constructor = tiny-llama as int4 g128 RTN",
                        "beforeEach = tiny-llama as int4 g128 RTN",
                        "each = tiny-llama as int4 g128 RTN",
                        "constructor = tiny-llama as int8 per channel asymmetric RTN")
                .endsWith("constructor = tiny-llama", "beforeEach = tiny-llama", "plain = tiny-llama");
    }

    @QuantizedModel("fixture:tiny-llama")
    @EachQuantization({@Quantize(method = Method.NF4), @Quantize(method = Method.LLM_INT8)})
    static class OnClass {
        @Test
        void a(ModelUnderTest model) {
            Kit.saw("a", model);
        }

        @Test
        void b(@QuantizedModel("fixture:tiny-qwen2") ModelUnderTest model) {
            Kit.saw("b", model);
        }
    }

    @Test
    void aClassRunsOnceForEach() {
        EngineExecutionResults results = Kit.run(report, OnClass.class);
        assertThat(Kit.failures(results.allEvents())).isEmpty();
        assertThat(Kit.SEEN)
                .containsExactly(
                        "a = tiny-llama as nf4",
                        "b = tiny-qwen2 as nf4",
                        "a = tiny-llama as LLM.int8",
                        "b = tiny-qwen2 as LLM.int8");
        assertThat(results.containerEvents().started().stream()
                        .map(event -> event.getTestDescriptor().getDisplayName()))
                .contains("nf4", "LLM.int8");
    }

    static class WithRegisteredExtension {
        @RegisterExtension
        static final ModelAssayExtension MODEL =
                ModelAssayExtension.builder("fixture:tiny-llama").build();

        @EachQuantization(@Quantize(method = Method.NF4))
        void each(ModelUnderTest model) {
            Kit.saw("each", model);
        }
    }

    @Test
    void aRegisteredExtensionGivesVariantsToo() {
        EngineExecutionResults results = Kit.run(report, WithRegisteredExtension.class);
        assertThat(Kit.failures(results.allEvents())).isEmpty();
        assertThat(Kit.SEEN).containsExactly("each = tiny-llama as nf4");
    }

    @QuantizedModel(value = "fixture:tiny-llama", quantize = @Quantize(method = Method.NF4))
    static class Conflict {
        @EachQuantization(@Quantize(method = Method.FP4))
        void each(ModelUnderTest model) {}
    }

    static class RegisteredConflict {
        @RegisterExtension
        static final ModelAssayExtension MODEL = ModelAssayExtension.builder("fixture:tiny-llama")
                .quantize(Quantization.nf4())
                .build();

        @EachQuantization(@Quantize(method = Method.FP4))
        void each(ModelUnderTest model) {}
    }

    @QuantizedModel("fixture:tiny-llama")
    static class EmptyOnMethod {
        @EachQuantization({})
        void each(ModelUnderTest model) {}
    }

    @QuantizedModel("fixture:tiny-llama")
    @EachQuantization({})
    static class EmptyOnClass {
        @Test
        void test(ModelUnderTest model) {}
    }

    @QuantizedModel("fixture:tiny-llama")
    @EachQuantization(@Quantize(method = Method.NF4))
    static class Twice {
        @EachQuantization(@Quantize(method = Method.FP4))
        void each(ModelUnderTest model) {}
    }

    static class WithoutModel {
        @EachQuantization(@Quantize(method = Method.NF4))
        void each(ModelUnderTest model) {}
    }

    @QuantizedModel("fixture:tiny-llama")
    static class WrongAttribute {
        @EachQuantization({@Quantize(method = Method.NF4), @Quantize(method = Method.NF4, bits = 8)})
        void each(ModelUnderTest model) {}
    }

    @Test
    void whatCannotMeanAnythingIsAnError() {
        String here = EachQuantizationTest.class.getName() + "$";
        fails(
                Conflict.class,
                "@QuantizedModel on " + here
                        + "Conflict: quantize = nf4, while @EachQuantization names others; keep one of the two");
        fails(
                RegisteredConflict.class,
                "ModelAssayExtension.builder(\"fixture:tiny-llama\"): quantize = nf4,"
                        + " while @EachQuantization names others; keep one of the two");
        fails(EmptyOnMethod.class, "@EachQuantization({}) on " + here + "EmptyOnMethod.each names no quantization");
        fails(EmptyOnClass.class, "@EachQuantization({}) on " + here + "EmptyOnClass names no quantization");
        fails(
                Twice.class,
                "@EachQuantization on " + here + "Twice.each lies within another on its class; keep one of the two");
        fails(WithoutModel.class, """
                The ModelUnderTest parameter of %sWithoutModel.each has no model
                Try: @QuantizedModel("path") on the parameter, the method or the class""".formatted(here));
        fails(
                WrongAttribute.class,
                "@Quantize(method = NF4, bits = 8) on " + here + "WrongAttribute.each: NF4 has 4 bits");
    }

    private void fails(Class<?> sample, String message) {
        assertThat(Kit.failure(Kit.run(report, sample)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessage(message);
    }
}
