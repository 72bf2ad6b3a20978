package io.modelassay.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.modelassay.ModelUnderTest;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.TorchEngine;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** What is not there: artifacts, references and GPUs. Failing is the default, skipping is asked for. */
class MissingArtifactTest {
    private static final String HERE = MissingArtifactTest.class.getName() + "$";

    @TempDir
    Path report;

    @QuantizedModel(value = "models/none", whenMissing = WhenMissing.SKIP)
    static class SkippedClass {
        @Test
        void test(ModelUnderTest model) {
            Kit.saw("test", model);
        }

        @Nested
        class Inner {
            @Test
            void inner(ModelUnderTest model) {
                Kit.saw("inner", model);
            }
        }
    }

    static class SkippedBeforeAll {
        @BeforeAll
        static void prepare(
                @QuantizedModel(value = "models/none", whenMissing = WhenMissing.SKIP) ModelUnderTest model) {
            Kit.saw("prepare", model);
        }

        @Test
        void test() {}
    }

    static class SkippedConstructor {
        SkippedConstructor(
                @QuantizedModel(value = "models/none", whenMissing = WhenMissing.SKIP) ModelUnderTest model) {
            Kit.saw("constructor", model);
        }

        @Test
        void test() {}
    }

    static class SkippedRegistration {
        @RegisterExtension
        static final ModelAssayExtension MODEL = ModelAssayExtension.builder("models/none")
                .whenMissing(WhenMissing.SKIP)
                .build();

        @Test
        void test(ModelUnderTest model) {
            Kit.saw("test", model);
        }
    }

    @Test
    void aClassIsSkippedWithThePathInTheReason() {
        for (Class<?> sample : new Class<?>[] {
            SkippedClass.class, SkippedBeforeAll.class, SkippedConstructor.class, SkippedRegistration.class
        }) {
            EngineExecutionResults results = Kit.run(report, sample);
            assertThat(Kit.skipped(results))
                    .as(sample.getSimpleName())
                    .containsExactly("No artifact \"models/none\" (whenMissing = SKIP)");
            assertThat(Kit.failures(results.allEvents())).isEmpty();
            assertThat(Kit.SEEN).isEmpty();
        }
    }

    @QuantizedModel("fixture:tiny-llama")
    static class SkippedMethods {
        @Test
        @QuantizedModel(value = "models/none", whenMissing = WhenMissing.SKIP)
        void method(ModelUnderTest model) {
            Kit.saw("method", model);
        }

        @Test
        void parameter(
                ModelUnderTest there,
                @QuantizedModel(value = "fixture:none", whenMissing = WhenMissing.SKIP) ModelUnderTest model) {
            Kit.saw("parameter", model);
        }

        @Test
        @QuantizedModel(value = "fixture:tiny-llama", reference = "classpath:none/such", whenMissing = WhenMissing.SKIP)
        void reference(ModelUnderTest model) {
            Kit.saw("reference", model);
        }

        @Test
        void there(ModelUnderTest model) {
            Kit.saw("there", model);
        }
    }

    @Test
    void aMethodIsSkippedForItselfAndForItsParameters() {
        EngineExecutionResults results = Kit.run(report, SkippedMethods.class);
        assertThat(Kit.skipped(results))
                .containsExactly(
                        "No artifact \"models/none\" (whenMissing = SKIP)",
                        "No artifact \"fixture:none\" (whenMissing = SKIP)",
                        "No artifact \"classpath:none/such\" (whenMissing = SKIP)");
        assertThat(Kit.failures(results.allEvents())).isEmpty();
        assertThat(Kit.SEEN).containsExactly("there = tiny-llama");
    }

    @QuantizedModel("models/none")
    static class FailingClass {
        @Test
        void test(ModelUnderTest model) {}
    }

    static class FailingParameter {
        @Test
        void test(@QuantizedModel("fixture:none") ModelUnderTest model) {}
    }

    static class FailingReference {
        @Test
        @QuantizedModel(value = "fixture:tiny-llama", reference = "classpath:none/such")
        void test(ModelUnderTest model) {}
    }

    static class FailingConstructor {
        FailingConstructor(@QuantizedModel("/models/none") ModelUnderTest model) {}

        @Test
        void test() {}
    }

    static class FailingRegistration {
        @RegisterExtension
        static final ModelAssayExtension MODEL =
                ModelAssayExtension.builder("models/none").build();

        @Test
        void test(ModelUnderTest model) {}
    }

    @Test
    void failingIsTheDefaultAndNamesAnnotationAndPlace() {
        Path module = Path.of("").toAbsolutePath();
        fails(FailingClass.class, """
                No artifact "models/none", which @QuantizedModel on %sFailingClass names
                  looked for %s/models/none
                Try: the path from the module's folder, or whenMissing = WhenMissing.SKIP""".formatted(HERE, module));
        fails(FailingParameter.class, """
                No artifact "fixture:none", which @QuantizedModel on parameter model of %sFailingParameter.test names
                  looked for io/modelassay/fixtures/none/config.json on the class path
                Try: the path from the module's folder, or whenMissing = WhenMissing.SKIP""".formatted(HERE));
        fails(FailingReference.class, """
                No artifact "classpath:none/such", which @QuantizedModel on %sFailingReference.test names
                  looked for none/such/config.json on the class path
                Try: the path from the module's folder, or whenMissing = WhenMissing.SKIP""".formatted(HERE));
        fails(FailingConstructor.class, """
                No artifact "/models/none", which @QuantizedModel on parameter model of the constructor of \
                %sFailingConstructor names
                  looked for /models/none
                Try: the path from the module's folder, or whenMissing = WhenMissing.SKIP""".formatted(HERE));
        fails(FailingRegistration.class, """
                No artifact "models/none", which ModelAssayExtension.builder("models/none") names
                  looked for %s/models/none
                Try: the path from the module's folder, or whenMissing = WhenMissing.SKIP""".formatted(module));
    }

    private void fails(Class<?> sample, String message) {
        assertThat(Kit.failure(Kit.run(report, sample)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessage(message);
    }

    static class SkippedOverridden {
        @RegisterExtension
        final ModelAssayExtension model = ModelAssayExtension.builder("models/none")
                .whenMissing(WhenMissing.SKIP)
                .build();

        @Test
        @QuantizedModel("fixture:tiny-llama")
        void test(ModelUnderTest model) {
            Kit.saw("test", model);
        }
    }

    @Test
    void whatAnAnnotationOverridesSkipsNothing() {
        EngineExecutionResults results = Kit.run(report, SkippedOverridden.class);
        results.testEvents().assertStatistics(events -> events.succeeded(1));
        assertThat(Kit.SEEN).containsExactly("test = tiny-llama");
    }

    @QuantizedModel(value = "fixture:tiny-llama", device = Device.GPU)
    static class OnGpu {
        @Test
        void test(ModelUnderTest model) {
            // Without a forward pass, which would need the GPU, the test must not pass either.
        }
    }

    static class ParameterOnGpu {
        @BeforeEach
        void prepare(@QuantizedModel(value = "fixture:tiny-llama", device = Device.GPU) ModelUnderTest model) {}

        @Test
        void test() {}
    }

    @Test
    void aTestForAGpuIsSkippedWithoutOne() {
        assumeTrue(!TorchEngine.seesGpu(), "a GPU is here");
        for (Class<?> sample : new Class<?>[] {OnGpu.class, ParameterOnGpu.class}) {
            assertThat(Kit.skipped(Kit.run(report, sample)))
                    .containsExactly("No GPU here; modelassay.gpu = required makes this a failure");
        }
    }

    @Test
    void aTestForAGpuFailsWithoutOneWhereOneIsRequired() {
        assumeTrue(!TorchEngine.seesGpu(), "a GPU is here");
        Map<String, String> required = Map.of(ModelAssayConfiguration.GPU, "required");
        assertThat(Kit.failure(Kit.run(report, required, OnGpu.class)))
                .isInstanceOf(ModelLoadException.class)
                .hasMessage("""
                        No GPU here, and @QuantizedModel on %sOnGpu asks for one (modelassay.gpu = required)
                        Try: a machine with a GPU, or device = Device.AUTO""".formatted(HERE));
        assertThat(Kit.failure(Kit.run(report, required, ParameterOnGpu.class)))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("on parameter model of " + HERE + "ParameterOnGpu.prepare asks for one");
    }

    @Test
    void anUnknownSettingForGpusIsAnError() {
        assertThat(Kit.failure(Kit.run(report, Map.of(ModelAssayConfiguration.GPU, "require"), OnGpu.class))
                        .toString())
                .contains("modelassay.gpu = \"require\" means nothing; it is \"required\" or not set");
    }
}
