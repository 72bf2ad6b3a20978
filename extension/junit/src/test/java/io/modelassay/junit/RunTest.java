package io.modelassay.junit;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.ModelUnderTest;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** A run as a whole: what is shared, what is closed, what is left in the report; one after the other and in parallel. */
class RunTest {
    private static final String HERE = RunTest.class.getName() + "$";
    static final Map<String, String> PARALLEL = Map.of(
            "junit.jupiter.execution.parallel.enabled", "true",
            "junit.jupiter.execution.parallel.mode.default", "concurrent",
            "junit.jupiter.execution.parallel.mode.classes.default", "concurrent",
            "junit.jupiter.execution.parallel.config.strategy", "fixed",
            "junit.jupiter.execution.parallel.config.fixed.parallelism", "4");

    @TempDir
    Path report;

    @QuantizedModel("fixture:tiny-llama")
    static class One {
        @RepeatedTest(5)
        void a(ModelUnderTest model) {
            Kit.saw("a", model);
        }

        @Test
        @QuantizedModel(value = "fixture:tiny-llama", quantize = @Quantize(method = Method.NF4))
        void b(ModelUnderTest model, @QuantizedModel("fixture:tiny-llama") ModelUnderTest plain) {
            Kit.saw("b", model);
            Kit.saw("b", plain);
        }
    }

    @QuantizedModel("fixture:tiny-llama")
    static class Two {
        @Test
        void c(ModelUnderTest model) {
            Kit.saw("c", model);
            assertThat(model).hasNoMissingKeys().hasOnlyFiniteWeights();
        }

        @EachQuantization({@Quantize(method = Method.NF4), @Quantize(method = Method.LLM_INT8)})
        void d(ModelUnderTest model) {
            Kit.saw("d", model);
        }
    }

    @Test
    void classesShareModelsAndTheEndClosesThem() {
        EngineExecutionResults results = Kit.run(report, One.class, Two.class);
        results.testEvents().assertStatistics(events -> events.succeeded(9));
        sharedAndClosed();
    }

    @Test
    void parallelTestsShareModelsToo() {
        EngineExecutionResults results = Kit.run(report, PARALLEL, One.class, Two.class);
        results.testEvents().assertStatistics(events -> events.succeeded(9));
        sharedAndClosed();
        assertThat(Kit.SEEN)
                .containsExactlyInAnyOrder(
                        "a = tiny-llama",
                        "a = tiny-llama",
                        "a = tiny-llama",
                        "a = tiny-llama",
                        "a = tiny-llama",
                        "b = tiny-llama as nf4",
                        "b = tiny-llama",
                        "c = tiny-llama",
                        "d = tiny-llama as nf4",
                        "d = tiny-llama as LLM.int8");
    }

    private static void sharedAndClosed() {
        assertThat(Kit.MODELS).hasSize(10);
        assertThat(new HashSet<>(Kit.MODELS)).hasSize(3);
        assertThat(Kit.MODELS).allMatch(ModelStoreTest::isClosed);
    }

    private static Path broken;

    static class Broken {
        @RegisterExtension
        static final ModelAssayExtension MODEL =
                ModelAssayExtension.builder(String.valueOf(broken)).build();

        @Test
        void a(ModelUnderTest model) {}

        @Test
        void b(ModelUnderTest model) {}
    }

    @Test
    void aBrokenArtifactFailsEveryTestAlike(@TempDir Path parent) {
        broken =
                Corruptor.of(Fixtures.path("tiny-llama")).truncateLastFile(4096).into(parent);
        EngineExecutionResults results = Kit.run(report, Broken.class);
        assertThat(Kit.failures(results.testEvents()))
                .hasSize(2)
                .allSatisfy(failure -> assertThat(failure)
                        .isInstanceOf(ModelLoadException.class)
                        .hasMessageContaining("model.safetensors"));
        assertThat(Kit.failures(results.testEvents()).stream()
                        .map(Throwable::getCause)
                        .distinct())
                .hasSize(1);
    }

    @QuantizedModel("fixture:tiny-llama")
    static class Outcomes {
        @Test
        void aborted(ModelUnderTest model) {
            assumeTrue(false, "not today");
        }

        @Test
        @Disabled("for now")
        void disabled(ModelUnderTest model) {}

        @Test
        void failed(ModelUnderTest model) {
            throw new AssertionError("100 % wrong");
        }

        @Test
        void failedWithoutText(ModelUnderTest model) {
            throw new IllegalStateException();
        }

        @Test
        void passed(ModelUnderTest model) {
            assertThat(model).hasNoMissingKeys();
        }

        @Test
        @DisplayName("passed too")
        void passedUnderAnotherName() {}

        @ParameterizedTest(name = "repeated {0}")
        @ValueSource(ints = {1, 2})
        void repeated(int value) {
            assertThat(value).isEqualTo(1);
        }

        @Test
        @QuantizedModel(value = "models/none", whenMissing = WhenMissing.SKIP)
        void skipped(ModelUnderTest model) {}

        @Test
        void unresolved(@QuantizedModel("models/none") ModelUnderTest model) {}
    }

    @QuantizedModel("fixture:tiny-llama")
    @EachQuantization({@Quantize(method = Method.LLM_INT8), @Quantize(method = Method.NF4)})
    static class Variants {
        @Test
        void small(ModelUnderTest model) {
            assertThat(model.quantization().orElseThrow().bits()).isEqualTo(4);
        }
    }

    @QuantizedModel(value = "models/none", whenMissing = WhenMissing.SKIP)
    static class SkippedClass {
        @Test
        void test(ModelUnderTest model) {}
    }

    @QuantizedModel("fixture:tiny-llama")
    static class FailingBeforeAll {
        @BeforeAll
        static void fail() {
            throw new IllegalStateException("no");
        }

        @Test
        void test(ModelUnderTest model) {}
    }

    @QuantizedModel(" ")
    static class MeaninglessClass {
        @Test
        void test(ModelUnderTest model) {}
    }

    @Test
    void theReportHasEveryOutcome() throws IOException {
        Kit.run(
                report,
                Outcomes.class,
                Variants.class,
                SkippedClass.class,
                FailingBeforeAll.class,
                MeaninglessClass.class);
        JsonNode results =
                new ObjectMapper().readTree(report.resolve("results.json").toFile());
        Map<String, String> outcomes = new TreeMap<>();
        results.path("tests")
                .forEach(test -> outcomes.put(
                        test.path("name").asText().replace(HERE, ""),
                        (test.path("outcome").asText() + ": "
                                        + test.path("message").asText())
                                .lines()
                                .findFirst()
                                .orElseThrow()));
        assertThat(String.join(
                        "\n", outcomes.entrySet().stream().map(Object::toString).toList()))
                .isEqualTo(String.join(
                        "\n",
                        "FailingBeforeAll=failed: no",
                        "MeaninglessClass=failed: @QuantizedModel on " + HERE
                                + "MeaninglessClass: value = \" \" names no artifact",
                        "Outcomes.aborted=aborted: Assumption failed: not today",
                        "Outcomes.disabled=skipped: for now",
                        "Outcomes.failed=failed: 100 % wrong",
                        "Outcomes.failedWithoutText=failed: java.lang.IllegalStateException",
                        "Outcomes.passed=passed: ",
                        "Outcomes.passedUnderAnotherName [passed too]=passed: ",
                        "Outcomes.repeated [repeated 1]=passed: ",
                        "Outcomes.repeated [repeated 2]=failed: ",
                        "Outcomes.skipped=skipped: No artifact \"models/none\" (whenMissing = SKIP)",
                        "Outcomes.unresolved=failed: Failed to resolve parameter [io.modelassay.ModelUnderTest model]"
                                + " in method [void " + HERE
                                + "Outcomes.unresolved(io.modelassay.ModelUnderTest)]: No artifact \"models/none\","
                                + " which @QuantizedModel on parameter model of " + HERE + "Outcomes.unresolved names",
                        "SkippedClass=skipped: No artifact \"models/none\" (whenMissing = SKIP)",
                        "Variants.small [LLM.int8]=failed: ",
                        "Variants.small [nf4]=passed: "));
        assertThat(results.path("checks"))
                .singleElement()
                .satisfies(check -> assertThat(check.path("check").asText()).isEqualTo("missing keys"));
        assertThat(report.resolve("index.html")).isNotEmptyFile();
    }

    static class WithoutModels {
        @Test
        void test() {}
    }

    @Test
    void aRunWithoutModelsLeavesNoReport() throws IOException {
        Kit.run(report, WithoutModels.class);
        try (Stream<Path> files = Files.list(report)) {
            assertThat(files).isEmpty();
        }
    }

    /** As Surefire does with several forks: its classes one by one, in one session. */
    @Test
    void executionsOfOneSessionAreOneRun() throws IOException {
        Kit.session(report, One.class, Two.class);
        sharedAndClosed();
        JsonNode results =
                new ObjectMapper().readTree(report.resolve("results.json").toFile());
        assertThat(results.path("tests").findValuesAsText("name"))
                .anyMatch(name -> name.startsWith(HERE + "One."))
                .anyMatch(name -> name.startsWith(HERE + "Two."));
        assertThat(results.path("run").path("processes").asInt()).isEqualTo(1);
    }

    @Test
    void everyRunHasModelsOfItsOwn() {
        IntStream.range(0, 2).forEach(i -> {
            Kit.run(report, Two.class).testEvents().assertStatistics(events -> events.succeeded(3));
            assertThat(new HashSet<>(Kit.MODELS)).hasSize(3);
        });
    }
}
