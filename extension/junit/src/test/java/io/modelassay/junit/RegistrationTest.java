package io.modelassay.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.ModelUnderTest;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** Where the annotation and the extension may stand, and which of several wins. */
class RegistrationTest {
    @TempDir
    Path report;

    private void passes(Class<?> sample, int tests) {
        EngineExecutionResults results = Kit.run(report, sample);
        assertThat(Kit.failures(results.allEvents())).isEmpty();
        results.testEvents().assertStatistics(events -> events.succeeded(tests));
    }

    @QuantizedModel("fixture:tiny-llama")
    static class Places {
        Places(ModelUnderTest model) {
            Kit.saw("constructor", model);
        }

        @BeforeAll
        static void beforeAll(ModelUnderTest model) {
            Kit.saw("beforeAll", model);
        }

        @BeforeEach
        void beforeEach(ModelUnderTest model) {
            Kit.saw("beforeEach", model);
        }

        @AfterEach
        void afterEach(@QuantizedModel("fixture:tiny-mistral") ModelUnderTest model) {
            Kit.saw("afterEach", model);
        }

        @AfterAll
        @QuantizedModel("fixture:tiny-mistral")
        static void afterAll(ModelUnderTest model) {
            Kit.saw("afterAll", model);
        }

        @Test
        void test(ModelUnderTest model) {
            Kit.saw("test", model);
        }
    }

    @Test
    void everyParameterOfAClassGetsItsModel() {
        passes(Places.class, 1);
        assertThat(Kit.SEEN)
                .containsExactly(
                        "beforeAll = tiny-llama",
                        "constructor = tiny-llama",
                        "beforeEach = tiny-llama",
                        "test = tiny-llama",
                        "afterEach = tiny-mistral",
                        "afterAll = tiny-mistral");
    }

    @QuantizedModel("fixture:tiny-llama")
    static class Precedence {
        Precedence(ModelUnderTest model) {
            Kit.saw("constructor", model);
        }

        @BeforeEach
        void beforeEach(ModelUnderTest model) {
            Kit.saw("beforeEach", model);
        }

        @Test
        @QuantizedModel(value = "fixture:tiny-qwen2", quantize = @Quantize(method = Method.NF4))
        void method(ModelUnderTest ofMethod, @QuantizedModel("fixture:tiny-qwen3") ModelUnderTest ofParameter) {
            Kit.saw("method", ofMethod);
            Kit.saw("parameter", ofParameter);
        }
    }

    @Test
    void theNearestAnnotationWins() {
        passes(Precedence.class, 1);
        assertThat(Kit.SEEN)
                .containsExactly(
                        "constructor = tiny-qwen2 as nf4",
                        "beforeEach = tiny-qwen2 as nf4",
                        "method = tiny-qwen2 as nf4",
                        "parameter = tiny-qwen3");
    }

    static class OnMethodAndParameterOnly {
        @Test
        @QuantizedModel("fixture:tiny-llama")
        void method(ModelUnderTest model) {
            Kit.saw("method", model);
        }

        @Test
        void parameter(@QuantizedModel("fixture:tiny-qwen2") ModelUnderTest model) {
            Kit.saw("parameter", model);
        }
    }

    @Test
    void theClassNeedsNoAnnotation() {
        passes(OnMethodAndParameterOnly.class, 2);
        assertThat(Kit.SEEN).containsExactly("method = tiny-llama", "parameter = tiny-qwen2");
    }

    static class Registered {
        @RegisterExtension
        static final ModelAssayExtension MODEL = ModelAssayExtension.builder("fixture:tiny-llama")
                .quantize(Quantization.nf4())
                .build();

        Registered(ModelUnderTest model) {
            Kit.saw("constructor", model);
        }

        @Test
        void registered(ModelUnderTest model) {
            Kit.saw("test", model);
        }
    }

    @Test
    void aRegisteredExtensionNeedsNoAnnotation() {
        passes(Registered.class, 1);
        assertThat(Kit.SEEN).containsExactly("constructor = tiny-llama as nf4", "test = tiny-llama as nf4");
    }

    static class RegisteredBesideAnnotations {
        @RegisterExtension
        static final ModelAssayExtension MODEL =
                ModelAssayExtension.builder("fixture:tiny-llama").build();

        @BeforeEach
        void beforeEach(ModelUnderTest model) {
            Kit.saw("beforeEach", model);
        }

        @Test
        void a(ModelUnderTest registered, @QuantizedModel("fixture:tiny-qwen2") ModelUnderTest ofParameter) {
            Kit.saw("a", registered);
            Kit.saw("a's parameter", ofParameter);
        }

        @Test
        @QuantizedModel("fixture:tiny-qwen3")
        void b(ModelUnderTest ofMethod) {
            Kit.saw("b", ofMethod);
        }
    }

    static class RegisteredInAField {
        @RegisterExtension
        final ModelAssayExtension model =
                ModelAssayExtension.builder("fixture:tiny-llama").build();

        @Test
        void a(ModelUnderTest registered, @QuantizedModel("fixture:tiny-qwen2") ModelUnderTest ofParameter) {
            Kit.saw("a", registered);
            Kit.saw("a's parameter", ofParameter);
        }
    }

    @Test
    void anAnnotationWinsOverARegisteredExtension() {
        passes(RegisteredBesideAnnotations.class, 2);
        assertThat(Kit.SEEN)
                .containsExactly(
                        "beforeEach = tiny-llama",
                        "a = tiny-llama",
                        "a's parameter = tiny-qwen2",
                        "beforeEach = tiny-qwen3",
                        "b = tiny-qwen3");
        passes(RegisteredInAField.class, 1);
        assertThat(Kit.SEEN).containsExactly("a = tiny-llama", "a's parameter = tiny-qwen2");
    }

    @ExtendWith(ModelAssayExtension.class)
    static class NoModel {
        @Test
        void test(ModelUnderTest model) {}
    }

    @Test
    void aParameterWithoutAModelIsAnError() {
        assertThat(Kit.failure(Kit.run(report, NoModel.class)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessage("""
                        The ModelUnderTest parameter of io.modelassay.junit.RegistrationTest$NoModel.test has no model
                        Try: @QuantizedModel("path") on the parameter, the method or the class""");
    }

    @QuantizedModel("fixture:tiny-llama")
    static class OtherParameters {
        @Test
        void test(ModelUnderTest model, String other) {}
    }

    @Test
    void otherParametersAreLeftToOthers() {
        assertThat(Kit.run(report, OtherParameters.class).testEvents().failed().list())
                .singleElement()
                .satisfies(event -> assertThat(event.toString()).contains("No ParameterResolver registered"));
    }
}
