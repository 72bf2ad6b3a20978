package io.modelassay.junit;

import static io.modelassay.assertions.ModelAssertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.quantization.Method;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** Baselines in a run: what each mode does, in CI, in parallel, for each quantization; and which no test used. */
class BaselineModesTest {
    private static final Text TEXT = Text.ofTokens(300, 7, 42, 9, 512, 77);

    @TempDir
    Path report;

    @TempDir
    Path parent;

    @QuantizedModel(value = "fixture:tiny-llama", device = Device.CPU, dtype = DType.FP32)
    static class Plain {
        @Test
        void a(ModelUnderTest model) {
            assertThat(model).matchesBaseline("plain", TEXT);
        }
    }

    @QuantizedModel(value = "fixture:tiny-llama", device = Device.CPU, dtype = DType.FP32)
    static class Many {
        @RepeatedTest(4)
        void a(ModelUnderTest model) {
            assertThat(model).matchesBaseline("plain", TEXT);
        }

        @EachQuantization({@Quantize(method = Method.NF4), @Quantize(method = Method.LLM_INT8)})
        void b(ModelUnderTest model) {
            assertThat(model).matchesBaseline("llama-{quantization}", TEXT);
        }
    }

    @QuantizedModel("fixture:tiny-llama")
    static class OneIdForTwo {
        @EachQuantization({@Quantize(method = Method.NF4), @Quantize(method = Method.LLM_INT8)})
        void a(ModelUnderTest model) {
            assertThat(model).matchesBaseline("same");
        }
    }

    @QuantizedModel("fixture:tiny-llama")
    static class WithoutBaseline {
        @Test
        void a(ModelUnderTest model) {
            assertThat(model).hasNoMissingKeys();
        }
    }

    @QuantizedModel("fixture:tiny-llama")
    static class Failing {
        @Test
        void a(ModelUnderTest model) {
            assertThat(model).hasTensor("none");
        }
    }

    private EngineExecutionResults run(Map<String, String> parameters, Class<?>... samples) {
        Map<String, String> all = new HashMap<>(Map.of(
                ModelAssayConfiguration.BASELINE_FOLDER, folder().toString(), ModelAssayConfiguration.CI, "false"));
        all.putAll(parameters);
        return Kit.run(report, all, samples);
    }

    private static Map<String, String> mode(String mode) {
        return Map.of(ModelAssayConfiguration.BASELINE, mode);
    }

    private Path folder() {
        return parent.resolve("baselines");
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder())) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private JsonNode results() throws IOException {
        return new ObjectMapper().readTree(report.resolve("results.json").toFile());
    }

    private static void succeeded(EngineExecutionResults results, int tests) {
        assertThat(Kit.failures(results.testEvents())).isEmpty();
        results.testEvents().assertStatistics(events -> events.succeeded(tests));
    }

    @Test
    void verifyingIsTheDefaultAndAMissingBaselineFails() {
        assertThat(Kit.failure(run(Map.of(), Plain.class)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("there is none: no file " + folder().resolve("plain.json"))
                .hasMessageEndingWith("Try: -Dmodelassay.baseline=record once, and the file committed");
        assertThat(folder()).doesNotExist();
    }

    @Test
    void recordingWritesWhatIsMissingAndVerifiesTheRest() throws IOException {
        succeeded(run(mode("record"), Plain.class), 1);
        assertThat(files()).containsExactly("plain.json");
        succeeded(run(mode("verify"), Plain.class), 1);
        String changed = spoil("plain");
        assertThat(Kit.failure(run(mode("record"), Plain.class))).hasMessageContaining("parameters: 1 → ");
        assertThat(Files.readString(folder().resolve("plain.json"))).isEqualTo(changed);
    }

    private String spoil(String id) throws IOException {
        Path file = folder().resolve(id + ".json");
        String changed = Files.readString(file).replaceFirst("\"parameters\": \"\\d+\"", "\"parameters\": \"1\"");
        Files.writeString(file, changed);
        return changed;
    }

    @Test
    void updatingWritesWhatDiffersAnew() throws IOException {
        succeeded(run(mode("record"), Plain.class), 1);
        String good = Files.readString(folder().resolve("plain.json"));
        spoil("plain");
        succeeded(run(mode("update"), Plain.class), 1);
        assertThat(folder().resolve("plain.json")).hasContent(good);
    }

    @Test
    void nothingIsWrittenInCi() {
        for (String mode : List.of("record", "update")) {
            Map<String, String> inCi =
                    Map.of(ModelAssayConfiguration.BASELINE, mode, ModelAssayConfiguration.CI, "true");
            assertThat(Kit.failure(run(inCi, Plain.class)))
                    .hasMessageContaining("modelassay.baseline is " + mode + " in a CI job");
        }
        assertThat(folder()).doesNotExist();
    }

    @Test
    void aModeThatThereIsNotFailsBeforeAnythingIsLoaded() {
        EngineExecutionResults results = run(mode("approve"), Plain.class);
        assertThat(Kit.failures(results.testEvents()))
                .isNotEmpty()
                .allSatisfy(failure -> assertThat(failure)
                        .hasMessageContaining("modelassay.baseline = \"approve\" means nothing; it is \"verify\" or"
                                + " \"record\" or \"update\", or not set"));
    }

    @Test
    void parallelTestsOfOneBaselineAgree() throws IOException {
        Map<String, String> parallel = new HashMap<>(RunTest.PARALLEL);
        parallel.put(ModelAssayConfiguration.BASELINE, "record");
        succeeded(run(parallel, Many.class, Plain.class), 7);
        assertThat(files()).containsExactly("llama-llm.int8.json", "llama-nf4.json", "plain.json");
        parallel.put(ModelAssayConfiguration.BASELINE, "verify");
        succeeded(run(parallel, Many.class, Plain.class), 7);
    }

    @Test
    void oneIdForTwoModelsFails() {
        assertThat(Kit.failure(run(mode("record"), OneIdForTwo.class)))
                .hasMessageContaining("in this run the id belongs to another model, tiny-llama as nf4 of ")
                .hasMessageEndingWith("Try: an id for each model, such as \"same-{quantization}\"");
    }

    @Test
    void baselinesThatNoTestUsedAreTold() throws IOException {
        succeeded(run(mode("record"), Many.class), 6);
        assertThat(unused(Many.class)).isEmpty();
        assertThat(unused(Plain.class)).containsExactly("llama-llm.int8", "llama-nf4");
        assertThat(Files.readString(report.resolve("index.html")))
                .contains("Baselines that no test used in this run: llama-llm.int8, llama-nf4");
        // A run that is not about baselines says nothing of them.
        assertThat(unused(WithoutBaseline.class)).isEmpty();
        assertThat(Files.readString(report.resolve("index.html"))).doesNotContain("Baselines that no test used");
    }

    @Test
    void theConsoleTellsOfUnusedBaselinesOnlyWhereEveryTestPassed() throws IOException {
        succeeded(run(mode("record"), Many.class), 6);
        run(Map.of(), Plain.class);
        assertThat(Kit.output()).contains("baselines not used in this run: llama-llm.int8, llama-nf4");
        run(Map.of(), Plain.class, Failing.class);
        assertThat(Kit.output()).contains("ModelAssay: 2 tests (1 failed)").doesNotContain("not used");
    }

    private List<String> unused(Class<?> sample) throws IOException {
        run(Map.of(), sample);
        JsonNode unused = results().path("baselines_unused");
        assertThat(unused.isArray()).isTrue();
        return Stream.iterate(0, i -> i < unused.size(), i -> i + 1)
                .map(i -> unused.get(i).asText())
                .toList();
    }
}
