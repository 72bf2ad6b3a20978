package io.modelassay.junit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.ModelUnderTest;
import io.modelassay.adapter.PeftAdapter;
import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** Where an adapter may be asked for, and what happens if it is not there. */
class AdapterParameterTest {
    private static final Queue<String> SEEN = new ConcurrentLinkedQueue<>();

    @TempDir
    Path report;

    private static void saw(String place, PeftAdapter adapter) {
        SEEN.add(place + " = " + adapter.name());
    }

    @Adapter("fixture:adapters/lora-dora")
    @Target({ElementType.METHOD, ElementType.PARAMETER})
    @Retention(RetentionPolicy.RUNTIME)
    @interface Composed {}

    @Adapter("fixture:adapters/lora-qv")
    static class Parent {
        @Test
        void inherited(PeftAdapter adapter) {
            saw("inherited", adapter);
        }
    }

    static class Places extends Parent {
        @BeforeAll
        static void prepare(@Adapter("fixture:adapters/ia3") PeftAdapter adapter) {
            saw("prepare", adapter);
        }

        @Test
        @Composed
        void method(PeftAdapter adapter) {
            saw("method", adapter);
        }

        @Test
        void parameter(
                @Adapter("classpath:io/modelassay/fixtures/adapters/vera") PeftAdapter adapter,
                @QuantizedModel("fixture:tiny-llama") ModelUnderTest model) {
            saw("parameter", adapter);
            assertThat(model.name()).isEqualTo("tiny-llama");
        }

        @Nested
        class Inner {
            @Test
            void nested(PeftAdapter adapter) {
                saw("nested", adapter);
            }
        }
    }

    @Test
    void classesThatOnlyUseAdaptersAreInTheReport() throws IOException {
        Kit.run(report, Places.class, Missing.class);
        JsonNode tests = new ObjectMapper()
                .readTree(report.resolve("results.json").toFile())
                .get("tests");
        List<String> outcomes = new ArrayList<>();
        tests.forEach(test -> outcomes.add(test.get("name").textValue().replaceFirst(".*\\$", "") + " "
                + test.get("outcome").textValue()));
        assertThat(outcomes)
                .containsExactlyInAnyOrder(
                        "Places.inherited passed",
                        "Places.method passed",
                        "Places.parameter passed",
                        "Inner.nested passed",
                        "Missing.test failed");
    }

    @Test
    void theNearestAnnotationWins() {
        SEEN.clear();
        EngineExecutionResults results = Kit.run(report, Places.class);
        assertThat(Kit.failures(results.allEvents())).isEmpty();
        assertThat(SEEN)
                .containsExactlyInAnyOrder(
                        "prepare = ia3",
                        "inherited = lora-qv",
                        "method = lora-dora",
                        "parameter = vera",
                        "nested = lora-qv");
    }

    static class Missing {
        @Test
        void test(@Adapter("adapters/none") PeftAdapter adapter) {
            saw("missing", adapter);
        }
    }

    static class MissingFixture {
        @Test
        void test(@Adapter("fixture:adapters/none") PeftAdapter adapter) {
            saw("missing", adapter);
        }
    }

    static class Blank {
        @Test
        void test(@Adapter(" ") PeftAdapter adapter) {
            saw("blank", adapter);
        }
    }

    static class NoAdapter {
        @Test
        void test(@Adapter("fixture:tiny-llama") PeftAdapter adapter) {
            saw("model", adapter);
        }
    }

    static class Skipped {
        @Test
        void test(@Adapter(value = "adapters/none", whenMissing = WhenMissing.SKIP) PeftAdapter adapter) {
            saw("skipped", adapter);
        }
    }

    @Test
    void whatIsNotThereFailsUnlessSkippingIsAskedFor() {
        SEEN.clear();
        String here = AdapterParameterTest.class.getName() + "$";
        assertThat(Kit.failure(Kit.run(report, Missing.class)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessage("No adapter \"adapters/none\", which @Adapter on parameter adapter of " + here
                        + "Missing.test names\n  looked for "
                        + Path.of("adapters/none").toAbsolutePath()
                        + "\nTry: the path from the module's folder, or whenMissing = WhenMissing.SKIP");
        assertThat(Kit.failure(Kit.run(report, MissingFixture.class)))
                .hasMessageContaining(
                        "looked for io/modelassay/fixtures/adapters/none/adapter_config.json on the class path");
        assertThat(Kit.failure(Kit.run(report, Blank.class))).hasMessageContaining("value = \" \" names no adapter");
        assertThat(Kit.failure(Kit.run(report, NoAdapter.class)))
                .hasMessageContaining("The folder has no adapter_config.json (missing-adapter-config)");
        assertThat(Kit.skipped(Kit.run(report, Skipped.class)))
                .containsExactly("No adapter \"adapters/none\" (whenMissing = SKIP)");
        assertThat(SEEN).isEmpty();
    }
}
