package io.modelassay.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.ComparisonCheck;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Origin;
import io.modelassay.evaluation.Subject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunReportTest {
    @TempDir
    private Path folder;

    private JsonNode results() throws IOException {
        return new ObjectMapper().readTree(folder.resolve("results.json").toFile());
    }

    private String page() throws IOException {
        return Files.readString(folder.resolve("index.html"));
    }

    private static Figure figure(String model) {
        return SampleRun.none(model, "missing keys", 0, "keys", "");
    }

    @Test
    void resultsHaveTheDocumentedMembers() throws IOException {
        RunReport report = RunReport.in(folder);
        SampleRun.fill(report);
        Path page = report.write();
        assertThat(page).isEqualTo(folder.resolve("index.html")).isRegularFile();
        JsonNode results = results();
        assertThat(results.fieldNames())
                .toIterable()
                .containsExactly(
                        "baselines_unused", "checks", "comparisons", "models", "run", "schema", "summary", "tests");
        assertThat(results.at("/schema").asText()).isEqualTo("modelassay-report/1");
        assertThat(results.at("/summary").toString())
                .isEqualTo("{\"checks\":9,\"checks_failed\":2,\"comparisons\":7,\"models\":8,\"tests\":6,"
                        + "\"tests_aborted\":1,\"tests_failed\":1,\"tests_passed\":4,\"tests_skipped\":0}");
        JsonNode nf4 = results.at("/comparisons/5");
        assertThat(nf4.at("/model").asText()).isEqualTo("Qwen2-0.5B as nf4");
        assertThat(nf4.at("/artifact").asText()).isEqualTo("Qwen2-0.5B");
        assertThat(nf4.at("/quantization").asText()).isEqualTo("nf4");
        assertThat(nf4.at("/drift_percent").asDouble()).isEqualTo(6.37);
        assertThat(nf4.at("/drift_standard_error").asDouble()).isEqualTo(0.44);
        assertThat(nf4.at("/drift_limit").asDouble()).isEqualTo(12);
        assertThat(nf4.at("/mean_kl").asDouble()).isEqualTo(0.0467);
        assertThat(nf4.at("/top1_agreement").asDouble()).isEqualTo(0.931);
        assertThat(nf4.at("/layer_errors")).hasSize(24);
        assertThat(results.at("/checks"))
                .anySatisfy(check -> assertThat(check.at("/value").isNull()).isTrue());
    }

    @Test
    void equalRunsGiveEqualResultsButForTheRun() throws IOException {
        RunReport first = RunReport.of(folder, "run", "a");
        SampleRun.fill(first);
        first.write();
        JsonNode before = results();
        RunReport second = RunReport.of(folder, "other", "b");
        SampleRun.fill(second);
        second.write();
        JsonNode after = results();
        for (String member : List.of("checks", "comparisons", "models", "summary", "tests")) {
            assertThat(after.get(member)).isEqualTo(before.get(member));
        }
    }

    @Test
    void partsOfOneRunAreMergedAndThoseOfOthersRemoved() throws IOException {
        RunReport old = RunReport.of(folder, "old", "1");
        old.tested("Old.test", "failed", "long ago");
        old.write();
        for (int i = 0; i < 3; i++) {
            RunReport report = RunReport.of(folder, "new", "jvm" + i);
            report.tested("New.test" + i, "passed", "");
            report.tested("Both.test", i == 2 ? "passed" : "failed", i == 2 ? "" : "flaky");
            report.checked(figure("model " + i));
            report.checked(figure("shared"));
            report.write();
        }
        JsonNode results = results();
        assertThat(results.at("/run/processes").asInt()).isEqualTo(3);
        assertThat(results.get("tests").findValuesAsText("name"))
                .containsExactly("Both.test", "New.test0", "New.test1", "New.test2");
        assertThat(results.at("/tests/0/outcome").asText()).isEqualTo("passed");
        assertThat(results.at("/summary/checks").asInt()).isEqualTo(4);
        try (Stream<Path> parts = Files.list(folder.resolve("parts"))) {
            assertThat(parts.map(part -> part.getFileName().toString()))
                    .containsExactlyInAnyOrder(".lock", "new_jvm0.json", "new_jvm1.json", "new_jvm2.json");
        }
    }

    /** The names of the parts' files begin alike. */
    @Test
    void aRunWhoseNameBeginsLikeAnothersIsNoPartOfIt() throws IOException {
        RunReport other = RunReport.of(folder, "nightly_2", "jvm");
        other.tested("Other.test", "failed", "no");
        other.write();
        RunReport report = RunReport.of(folder, "nightly", "jvm");
        report.tested("This.test", "passed", "");
        report.write();
        assertThat(results().get("tests").findValuesAsText("name")).containsExactly("This.test");
    }

    @Test
    void aBaselineThatOneJvmUsedIsUsed() throws IOException {
        TreeSet<String> recorded = new TreeSet<>(List.of("a", "b", "c"));
        for (String used : List.of("b", "a")) {
            RunReport report = RunReport.of(folder, "run", "jvm-" + used);
            report.tested("Test." + used, "passed", "");
            report.baselines(recorded, new TreeSet<>(List.of(used)));
            report.write();
        }
        assertThat(results().get("baselines_unused")).hasToString("[\"c\"]");
    }

    @Test
    void writersInParallelLoseNothing() throws IOException, InterruptedException, ExecutionException {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> writers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                String process = "jvm" + i;
                writers.add(pool.submit(() -> {
                    RunReport report = RunReport.of(folder, "run", process);
                    IntStream.range(0, 20).forEach(n -> report.tested(process + ".test" + n, "passed", ""));
                    report.write();
                }));
            }
            for (Future<?> writer : writers) {
                writer.get();
            }
        } finally {
            pool.shutdown();
        }
        assertThat(results().at("/summary/tests").asInt()).isEqualTo(160);
        assertThat(page()).contains("160 tests");
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files.map(Path::toString)).noneMatch(name -> name.endsWith(".tmp"));
        }
    }

    /** One JVM started directly, one through a shell, as Surefire starts its own. */
    @Test
    void jvmsOfOneLauncherShareARun() throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = List.of(
                java, "-cp", System.getProperty("java.class.path"), SampleRun.class.getName(), folder.toString());
        String quoted = "'" + String.join("' '", command) + "'";
        for (List<String> start : List.of(command, List.of("sh", "-c", quoted + " && true"))) {
            Process process = new ProcessBuilder(start)
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("console.txt").toFile())
                    .start();
            assertThat(process.waitFor())
                    .as(Files.readString(folder.resolve("console.txt")))
                    .isZero();
        }
        assertThat(results().at("/run/processes").asInt()).isEqualTo(2);
        assertThat(results().at("/summary/tests").asInt()).isEqualTo(6);
    }

    @Test
    void aProcessMayWriteAgain() throws IOException {
        RunReport report = RunReport.in(folder);
        report.tested("A.test", "passed", "");
        report.write();
        report.tested("B.test", "passed", "");
        report.write();
        assertThat(results().at("/summary/tests").asInt()).isEqualTo(2);
        assertThat(results().at("/run/processes").asInt()).isEqualTo(1);
    }

    /** A folder may be called anything. */
    @Test
    void aFolderThatIsCalledLikeAQuantizationIsShownAsStored() throws IOException {
        RunReport report = RunReport.in(folder);
        Comparison comparison = SampleRun.comparison(1, 0.1, 0.01, 0.9, 0.1);
        report.compared(Subject.stored("Llama as GPTQ"), SampleRun.TEXT, comparison);
        report.compared(SampleRun.subject("my as model as nf4"), SampleRun.TEXT, comparison);
        report.checked(figure("Other as AWQ"));
        report.write();
        JsonNode models = results().path("models");
        assertThat(models.at("/0/artifact").asText()).isEqualTo("Llama as GPTQ");
        assertThat(models.at("/0/quantization").isNull()).isTrue();
        assertThat(models.at("/1/artifact").asText()).isEqualTo("Other as AWQ");
        assertThat(models.at("/1/quantization").isNull()).isTrue();
        assertThat(models.at("/2/artifact").asText()).isEqualTo("my as model");
        assertThat(models.at("/2/quantization").asText()).isEqualTo("nf4");
        assertThat(results().at("/comparisons/0/quantization").isNull()).isTrue();
    }

    /** Neither a check's name, nor its words, nor a text that is part of another's name make a limit of a comparison. */
    @Test
    void onlyTheLimitOfTheSameFigureIsShownBesideIt() throws IOException {
        RunReport report = RunReport.in(folder);
        Comparison comparison = SampleRun.comparison(50, 0.1, 0.01, 0.9, 0.1);
        Subject model = SampleRun.subject("m as nf4");
        report.compared(model, "out.txt", comparison);
        report.checked(ComparisonCheck.DRIFT.judge(
                model, comparison, 900, Origin.of("at most 900 of out.txt", comparison.subject())));
        report.checked(SampleRun.none("m as nf4", "perplexity drift", 0, "at most 7", "16384 tokens of out.txt"));
        report.checked(
                ComparisonCheck.KL_DIVERGENCE.judge(model, comparison, 5, Origin.of("out.txt", comparison.subject())));
        report.write();
        assertThat(results().at("/comparisons/0/drift_limit").isNull()).isTrue();

        report.checked(
                ComparisonCheck.DRIFT.judge(model, comparison, 60.123, Origin.of("out.txt", comparison.subject())));
        report.checked(ComparisonCheck.DRIFT.judge(model, comparison, 70, Origin.of("out.txt", comparison.subject())));
        report.write();
        assertThat(results().at("/comparisons/0/drift_limit").asDouble()).isEqualTo(60.123);
    }

    @Test
    void aCheckHasItsLimitAndItsOriginAsData() throws IOException {
        RunReport report = RunReport.in(folder);
        Comparison comparison = SampleRun.comparison(1, 0.1, 0.01, 0.9, 0.1);
        report.checked(ComparisonCheck.TOP_TOKEN.judge(
                new Subject("m with lora", "m", null, "lora", false),
                comparison,
                88,
                Origin.of("t", comparison.subject())));
        report.write();
        assertThat(results().at("/checks/0/held_to"))
                .hasToString("{\"bound\":88.0,\"direction\":\"at_least\",\"unit\":\"%\"}");
        assertThat(results().at("/checks/0/measure").asText()).isEqualTo("top_token_agreement");
        assertThat(results().at("/checks/0/measured_on"))
                .hasToString("{\"basis\":\"\",\"device\":\"cpu\",\"dtype\":\"bf16\",\"engine\":\"PyTorch 2.7.1\","
                        + "\"protocol\":\"non-overlapping-2048-drop-tail/1\",\"text\":\"t\",\"tokens\":16384}");
        assertThat(results().at("/models/0/artifact").asText()).isEqualTo("m");
        assertThat(results().at("/models/0/adapter").asText()).isEqualTo("lora");
        assertThat(page()).contains("as stored with lora");
    }

    @Test
    void thePageEscapesEverythingAndLoadsNothing() throws IOException {
        RunReport report = RunReport.in(folder);
        SampleRun.drift(report, SampleRun.HOSTILE + " as nf4", 1, 0.1, 2, 0.01, 0.9, 0.1);
        SampleRun.drift(report, "Other as nf4", 1, 0.1, 2, 0.01, 0.9, 0.1);
        report.checked(SampleRun.none(SampleRun.HOSTILE, SampleRun.HOSTILE, 1, SampleRun.HOSTILE, SampleRun.HOSTILE));
        report.tested(SampleRun.HOSTILE, "failed", SampleRun.HOSTILE);
        report.tested("Skipped " + SampleRun.HOSTILE, "skipped", SampleRun.HOSTILE);
        report.write();
        String page = page();
        assertThat(page).doesNotContain("<script>alert", "\"quotes\" </pre>").contains("&lt;script&gt;alert(");
        assertThat(page).contains("\\u003cscript\\u003ealert");
        assertThat(page)
                .doesNotContainPattern("(?i)(src|srcset|href)\\s*=\\s*[\"']?(https?:)?//")
                .doesNotContainPattern("(?i)\\burl\\(")
                .doesNotContainPattern("(?i)@import")
                .doesNotContain("sourceMappingURL")
                .contains("default-src 'none'");
    }

    @Test
    void aRunWithoutComparisonsHasNoCharts() throws IOException {
        RunReport report = RunReport.in(folder);
        assertThat(report.isEmpty()).isTrue();
        report.checked(figure("model"));
        report.write();
        assertThat(page()).contains("All checks hold").doesNotContain("<canvas", "Chart.js");
    }

    @Test
    void twoTextsOfOneNameAreTwoComparisons() throws IOException {
        for (String jvm : List.of("a", "b")) {
            RunReport report = RunReport.of(folder, "run", jvm);
            report.compared(
                    SampleRun.subject("model as nf4"), "5 given tokens", SampleRun.comparison(1, 0.1, 0.01, 0.99, 0.1));
            report.compared(
                    SampleRun.subject("model as nf4"), "5 given tokens", SampleRun.comparison(90, 9, 0.9, 0.5, 0.8));
            report.write();
        }
        assertThat(results().at("/comparisons").findValuesAsText("drift_percent"))
                .containsExactlyInAnyOrder("1.0", "90.0");
    }

    @Test
    void whatIsNotJudgedIsSaid() throws IOException {
        RunReport report = RunReport.in(folder);
        Comparison comparison = SampleRun.comparison(48.9, 1, 0.5, 0.6, 0.1);
        report.checked(
                ComparisonCheck.DRIFT.report(SampleRun.subject("model as nf4"), comparison, Origin.text("text")));
        report.write();
        assertThat(report.summary()).contains("  reported, not judged: 1 figure without a limit");
        assertThat(page()).contains("not judged").doesNotContain("✓ holds");
    }

    @Test
    void summaryForTheConsole() {
        RunReport report = RunReport.in(folder);
        SampleRun.fill(report);
        assertThat(report.summary())
                .containsExactly(
                        "ModelAssay: 6 tests (1 failed, 1 aborted), 9 checks (2 do not hold), 8 models",
                        "  largest drift 18,231 % ± 911 % of Qwen2-0.5B as int2 g64 RTN on held-out.txt",
                        "  does not hold: mean KL divergence of Qwen2-0.5B as int2 g64 RTN, not finite",
                        "  does not hold: perplexity drift of Qwen2-0.5B as int4 per channel RTN, 24.85 % ± 1.02 %, limit at most 18.00");
        report.write();
        assertThat(report.summary()).last().isEqualTo("  report " + folder.resolve("index.html"));
    }

    @Test
    void anUnknownOutcomeIsRefused() {
        assertThatThrownBy(() -> RunReport.in(folder).tested("A.test", "green", ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A test has passed, failed, aborted or skipped, not green");
    }

    @Test
    void theFolderIsAProperty() {
        assertThat(RunReport.FOLDER_PROPERTY).isEqualTo("modelassay.report");
        assertThat(RunReport.DEFAULT_FOLDER).isEqualTo("target/modelassay/report");
        assertThat(RunReport.RUN_PROPERTY).isEqualTo("modelassay.report.run");
    }
}
