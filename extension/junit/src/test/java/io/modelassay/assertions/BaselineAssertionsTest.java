package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;
import static io.modelassay.assertions.ModelAssertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.baseline.BaselineException;
import io.modelassay.baseline.Baselines;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ShardedSafetensorsWriter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.evaluation.Evaluator;
import io.modelassay.evaluation.Recorder;
import io.modelassay.evaluation.ReferenceCache;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models against baselines: of each figure one that moved, and look-alikes that did not. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BaselineAssertionsTest {
    private static final Text TEXT = Models.TEXT;
    private static final Quantization INT4 = Quantization.rtn(4, 128);
    private static final String WEIGHT = "model.layers.1.mlp.down_proj.weight";

    private final Evaluator evaluator;
    private final List<ModelUnderTest> open = new ArrayList<>();
    private final List<String> log = new ArrayList<>();

    @TempDir
    Path folder;

    private Path baselines;

    BaselineAssertionsTest(@TempDir Path cache) {
        evaluator = new Evaluator(ReferenceCache.in(cache), Progress.SILENT, Recorder.NONE);
    }

    @BeforeEach
    void emptyFolder() {
        baselines = folder.resolve("baselines");
        log.clear();
    }

    @AfterEach
    void close() {
        open.forEach(ModelUnderTest::close);
        open.clear();
    }

    /** A run of its own. */
    private Baselines run(String mode) {
        return run(mode, "false");
    }

    private Baselines run(String mode, String ci) {
        Map<String, String> parameters = Map.of(
                Baselines.MODE_PROPERTY, mode,
                Baselines.FOLDER_PROPERTY, baselines.toString(),
                Baselines.CI_PROPERTY, ci);
        return Baselines.of(name -> Optional.ofNullable(parameters.get(name)), log::add);
    }

    private ModelUnderTest open(ModelAssay model, Baselines run) {
        ModelUnderTest opened = model.on(Device.CPU).computingIn(DType.FP32).load(evaluator, run);
        open.add(opened);
        return opened;
    }

    private ModelUnderTest qwen(String mode) {
        return open(ModelAssay.open(Models.QWEN), run(mode));
    }

    private ModelUnderTest int4(String mode) {
        return open(ModelAssay.open(Models.QWEN).quantize(INT4), run(mode));
    }

    private Path file(String id) {
        return baselines.resolve(id + ".json");
    }

    private void edit(String id, Consumer<ObjectNode> change) throws IOException {
        ObjectMapper json = new ObjectMapper();
        ObjectNode document = (ObjectNode) json.readTree(file(id).toFile());
        change.accept(document);
        json.writeValue(file(id).toFile(), document);
    }

    @Test
    void aRecordedBaselineMatchesAndIsRecordedAlike() throws IOException {
        assertThat(int4("record")).matchesBaselineExactly("it", TEXT);
        String recorded = Files.readString(file("it"));
        assertThat(log).containsExactly("ModelAssay: recorded the baseline " + file("it"));
        assertThat(int4("verify")).matchesBaselineExactly("it", TEXT).matchesBaseline("it", TEXT);
        assertThat(int4("record")).matchesBaseline("it", TEXT);
        assertThat(int4("update")).matchesBaseline("it", TEXT);
        assertThat(file("it")).hasContent(recorded);
        Files.delete(file("it"));
        assertThat(int4("record")).matchesBaselineExactly("it", TEXT);
        assertThat(file("it")).hasContent(recorded);
        assertThat(recorded)
                .contains("  \"id\": \"it\",\n")
                .contains("    \"quantization\": \"int4 g128 RTN\",\n")
                .contains("    \"tensor/model.layers.*.mlp.down_proj.weight\": \"4 × BF16 [256, 640]\",\n")
                .doesNotContain(folder.toString());
    }

    @Test
    void aMissingBaselineFails() {
        Golden.fails(() -> assertThat(qwen("verify")).matchesBaseline("it", TEXT), folder, """
                Expecting model <tiny-qwen2> to match the baseline it
                but there is none: no file FOLDER/baselines/it.json
                  %s
                Try: -Dmodelassay.baseline=record once, and the file committed
                """.formatted(Models.QWEN));
        assertThat(baselines).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"record", "update"})
    void nothingIsWrittenInCi(String mode) {
        ModelUnderTest model = open(ModelAssay.open(Models.QWEN), run(mode, "true"));
        Golden.fails(() -> assertThat(model).matchesBaseline("it", TEXT), folder, """
                Expecting model <tiny-qwen2> to match the baseline it
                but modelassay.baseline is %s in a CI job, where no baseline is written
                  %s
                Try: the same on a machine of your own, and the file committed; modelassay.ci=false where this is one
                """.formatted(mode, Models.QWEN));
        assertThat(baselines).doesNotExist();
    }

    @Test
    void verifyingGoesOnInCi() {
        assertThat(qwen("record")).matchesBaseline("it");
        assertThat(open(ModelAssay.open(Models.QWEN), run("verify", "true"))).matchesBaseline("it");
    }

    @Test
    void oneChangedWeightMovesFiguresAndIsNamed() {
        assertThat(qwen("record")).matchesBaselineExactly("it", TEXT);
        Path broken = Corruptor.of(Models.QWEN)
                .named("changed")
                .setValue(WEIGHT, 17, 1000)
                .into(folder);
        Golden.fails(
                () -> assertThat(open(ModelAssay.open(broken), run("verify"))).matchesBaselineExactly("it", TEXT),
                folder,
                """
                Expecting model <changed> to match the baseline it
                but 3 things differ:
                  abs_max_stored: 1.5859 → 1000, tolerance 0
                  perplexity: 31.762 → 34.161, worse, tolerance 0.1 %
                  tensor model.layers.1.mlp.down_proj.weight: changed
                  recorded: tiny-qwen2, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                  now: changed, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                Try: undoing what changed; -Dmodelassay.baseline=update if it is wanted
                """);
        Golden.fails(
                () -> assertThat(open(ModelAssay.open(broken), run("verify"))).matchesBaseline("it", TEXT),
                folder,
                """
                Expecting model <changed> to match the baseline it
                but 2 things differ:
                  abs_max_stored: 1.5859 → 1000, tolerance 0
                  perplexity: 31.762 → 34.161, worse, tolerance 0.1 %
                  recorded: tiny-qwen2, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                  now: changed, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                Try: matchesBaselineExactly, which names the tensors that changed; -Dmodelassay.baseline=update if it is wanted
                """);
    }

    @Test
    void aTinyChangeOfOneWeightIsToldBySha256Alone() {
        assertThat(qwen("record")).matchesBaselineExactly("it", TEXT);
        Path touched = Corruptor.of(Models.QWEN)
                .named("touched")
                .setValue(WEIGHT, 17, 0.001)
                .into(folder);
        assertThat(open(ModelAssay.open(touched), run("verify"))).matchesBaseline("it", TEXT);
        Golden.fails(
                () -> assertThat(open(ModelAssay.open(touched), run("verify"))).matchesBaselineExactly("it", TEXT),
                folder,
                """
                Expecting model <touched> to match the baseline it
                but 1 thing differs:
                  tensor model.layers.1.mlp.down_proj.weight: changed
                  recorded: tiny-qwen2, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                  now: touched, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                Try: undoing what changed; -Dmodelassay.baseline=update if it is wanted
                """);
    }

    @Test
    void shardsDoNotMatter() {
        assertThat(qwen("record")).matchesBaselineExactly("it", TEXT);
        Path sharded = folder.resolve("sharded");
        resharded(sharded);
        assertThat(Checkpoint.open(sharded).tensorFiles()).hasSizeGreaterThan(1);
        assertThat(open(ModelAssay.open(sharded), run("verify"))).matchesBaselineExactly("it", TEXT);
    }

    private static void resharded(Path target) {
        try (Checkpoint whole = Checkpoint.open(Models.QWEN)) {
            Files.createDirectories(target);
            for (String name : List.of("config.json", "tokenizer.json", "generation_config.json")) {
                if (Files.exists(Models.QWEN.resolve(name))) {
                    Files.copy(Models.QWEN.resolve(name), target.resolve(name));
                }
            }
            ShardedSafetensorsWriter.Builder builder =
                    ShardedSafetensorsWriter.to(target).largestShard(whole.byteSize() * 2 / 3);
            whole.tensors().values().forEach(tensor -> builder.tensor(tensor.name(), tensor.type(), tensor.shape()));
            try (ShardedSafetensorsWriter writer = builder.open()) {
                for (TensorInfo tensor : writer.tensors()) {
                    writer.write(tensor.name(), whole.map(whole.tensor(tensor.name())));
                }
                writer.commit();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void anotherQuantizationMovesEveryKindOfFigure() {
        assertThat(int4("record")).matchesBaseline("it", TEXT);
        ModelUnderTest int3 = open(ModelAssay.open(Models.QWEN).quantize(Quantization.rtn(3, 128)), run("verify"));
        Golden.fails(() -> assertThat(int3).matchesBaseline("it", TEXT), folder, """
                Expecting model <tiny-qwen2 as int3 g128 RTN> to match the baseline it
                but 10 things differ:
                  quantization: int4 g128 RTN → int3 g128 RTN
                  abs_max_decoded: 0.59167 → 0.58036, tolerance 0.1 %
                  drift_percent: -0.21305 → 0.26289, worse, tolerance 0.1
                  mean_kl: 0.0043803 → 0.021833, worse, tolerance 0.0002 + 2 %
                  perplexity: 31.694 → 31.845, worse, tolerance 0.1 %
                  top1_agreement: 0.93542 → 0.89041, worse, tolerance 0.005
                  layer_error/model.layers.3: 0.067394 → 0.14704, worse, tolerance 0.0005 + 2 %
                  layer_error/model.layers.2: 0.058452 → 0.12886, worse, tolerance 0.0005 + 2 %
                  layer_error/model.layers.1: 0.055722 → 0.12196, worse, tolerance 0.0005 + 2 %
                  layer_error/model.layers.0: 0.054778 → 0.11861, worse, tolerance 0.0005 + 2 %
                  recorded: tiny-qwen2 as int4 g128 RTN, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                  now: tiny-qwen2 as int3 g128 RTN, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                Try: undoing what changed; -Dmodelassay.baseline=update if it is wanted
                """);
    }

    @Test
    void betterFiguresFailTooAndSaySo() throws IOException {
        assertThat(int4("record")).matchesBaseline("it", TEXT);
        edit(
                "it",
                document -> document.withObject("/figures").put("mean_kl", 0.5).put("top1_agreement", 0.5));
        Golden.fails(() -> assertThat(int4("verify")).matchesBaseline("it", TEXT), folder, """
                Expecting model <tiny-qwen2 as int4 g128 RTN> to match the baseline it
                but 2 things differ:
                  mean_kl: 0.5 → 0.0043803, better, tolerance 0.0002 + 2 %
                  top1_agreement: 0.5 → 0.93542, better, tolerance 0.005
                  recorded: tiny-qwen2 as int4 g128 RTN, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                  now: tiny-qwen2 as int4 g128 RTN, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                Try: -Dmodelassay.baseline=update, as every figure that moved is better
                """);
    }

    @Test
    void otherConditionsAreNotCompared() throws IOException {
        assertThat(qwen("record")).matchesBaseline("it", TEXT);
        ModelUnderTest bf16 = ModelAssay.open(Models.QWEN)
                .on(Device.CPU)
                .computingIn(DType.BF16)
                .load(evaluator, run("verify"));
        open.add(bf16);
        Golden.fails(() -> assertThat(bf16).matchesBaseline("it", TEXT), folder, """
                Expecting model <tiny-qwen2> to match the baseline it
                but it was recorded under other conditions, so nothing is compared:
                  recorded in fp32, now bf16
                  recorded: tiny-qwen2, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                  now: tiny-qwen2, bf16, device CPU, ENGINE, checkpoint sha256 HASH…
                Try: the conditions of the recording, or an id for each; -Dmodelassay.baseline=update if these are meant
                """);
        Text other = Text.ofTokens(1, 2, 3).named("three ids");
        Golden.fails(() -> assertThat(qwen("verify")).matchesBaseline("it", other), folder, """
                Expecting model <tiny-qwen2> to match the baseline it
                but it was recorded under other conditions, so nothing is compared:
                  recorded over 561 tokens of held-out.txt (sha256 HASH…), now over 3 tokens of three ids (sha256 HASH…)
                  recorded: tiny-qwen2, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                  now: tiny-qwen2, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                Try: the conditions of the recording, or an id for each; -Dmodelassay.baseline=update if these are meant
                """);
        assertThatThrownBy(() -> assertThat(qwen("verify")).matchesBaseline("it"))
                .hasMessageContaining("of held-out.txt (sha256 ")
                .hasMessageContaining("…), now without a text");
        edit("it", document -> document.withObject("/conditions").put("protocol", "sliding-512/1"));
        assertThatThrownBy(() -> assertThat(qwen("verify")).matchesBaseline("it", TEXT))
                .hasMessageContaining("recorded under sliding-512/1, now under non-overlapping-512-drop-tail/1");
    }

    @Test
    void anotherTokenizerIsAnotherText() {
        assertThat(qwen("record")).matchesBaseline("it", TEXT);
        Path other = Corruptor.of(Models.QWEN)
                .named("retokenized")
                .editJson("tokenizer.json", json -> json.withObject("/model").putArray("merges"))
                .into(folder);
        assertThatThrownBy(() ->
                        assertThat(open(ModelAssay.open(other), run("verify"))).matchesBaseline("it", TEXT))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("but it was recorded under other conditions, so nothing is compared:")
                .hasMessageNotContaining("perplexity");
    }

    @Test
    void anotherEngineOrDeviceIsComparedAndNamed() throws IOException {
        assertThat(qwen("record")).matchesBaseline("it", TEXT);
        edit(
                "it",
                document ->
                        document.withObject("/recorded").put("device", "gpu").put("engine", "PyTorch 2.5.1"));
        assertThat(qwen("verify")).matchesBaseline("it", TEXT);
        edit("it", document -> document.withObject("/figures").put("perplexity", 31));
        Golden.fails(() -> assertThat(qwen("verify")).matchesBaseline("it", TEXT), folder, """
                Expecting model <tiny-qwen2> to match the baseline it
                but 1 thing differs:
                  perplexity: 31 → 31.762, worse, tolerance 0.1 %
                  recorded: tiny-qwen2, fp32, device GPU, ENGINE, checkpoint sha256 HASH…
                  now: tiny-qwen2, fp32, device CPU, ENGINE, checkpoint sha256 HASH…
                Try: the engine and device of the recording, which tells whether they are the cause; -Dmodelassay.baseline=update if the change is wanted
                """);
    }

    @Test
    void toleranceIsTheFilesAndItsEdgeHolds() throws IOException {
        assertThat(qwen("record")).matchesBaseline("it", TEXT);
        double recorded = new ObjectMapper()
                .readTree(file("it").toFile())
                .at("/figures/perplexity")
                .asDouble();
        edit("it", document -> {
            document.withObject("/figures").put("perplexity", recorded + 2);
            document.withObject("/tolerances").put("perplexity", "2");
        });
        assertThat(qwen("verify")).matchesBaseline("it", TEXT);
        edit("it", document -> document.withObject("/tolerances").put("perplexity", "1.9999"));
        assertThatThrownBy(() -> assertThat(qwen("verify")).matchesBaseline("it", TEXT))
                .hasMessageContaining("better, tolerance 1.9999");
        assertThat(qwen("update")).matchesBaseline("it", TEXT);
        assertThat(log).contains("ModelAssay: updated the baseline " + file("it"));
        assertThat(log.get(log.size() - 1)).startsWith("  perplexity: ").endsWith(", better, tolerance 1.9999");
        assertThat(file("it")).content().contains("\"perplexity\": \"1.9999\"");
        assertThat(qwen("verify")).matchesBaseline("it", TEXT);
    }

    @Test
    void structureAndFindingsNeedNoText() {
        assertThat(qwen("record")).matchesBaseline("it");
        Path broken = Corruptor.of(Models.QWEN)
                .named("other")
                .setInfinity(WEIGHT, 17)
                .addTensor("model.layers.3.mlp.up_proj.bias", "BF16", 640)
                .removeTensor("model.layers.2.mlp.up_proj.weight")
                .into(folder);
        Golden.fails(
                () -> assertThat(open(ModelAssay.open(broken), run("verify"))).matchesBaseline("it"), folder, """
                Expecting model <other> to match the baseline it
                but 6 things differ:
                  finding/missing-tensor: none → 1
                  finding/unused-bias-zero: none → 1
                  inf/stored: 0 → 1
                  parameters: 3281152 → 3117952
                  tensor/model.layers.*.mlp.up_proj.bias: none → 1 × BF16 [640]
                  tensor/model.layers.*.mlp.up_proj.weight: 4 × BF16 [640, 256] → 3 × BF16 [640, 256]
                  recorded: tiny-qwen2, fp32, checkpoint sha256 HASH…
                  now: other, fp32, checkpoint sha256 HASH…
                Try: undoing what changed; -Dmodelassay.baseline=update if it is wanted
                """);
    }

    @Test
    void aTextThatTheBaselineNamesIsReadAgain() throws IOException {
        Path text = Path.of("target", "baseline-text", "held-out.txt");
        Files.createDirectories(text.getParent());
        Files.copy(Models.QWEN.getParent().resolve("text/held-out.txt"), text, StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(text, Files.readString(text).substring(0, 2000));
        assertThat(qwen("record")).matchesBaseline("it", Text.of(text));
        assertThat(file("it")).content().contains("\"file\": \"target/baseline-text/held-out.txt\"");
        assertThat(qwen("verify")).matchesBaseline("it");
        edit("it", document -> document.withObject("/figures").put("perplexity", 31));
        assertThatThrownBy(() -> assertThat(qwen("verify")).matchesBaseline("it"))
                .hasMessageContaining("perplexity: 31 → 31.7");
        Files.writeString(text, "Something else altogether.");
        assertThatThrownBy(() -> assertThat(qwen("verify")).matchesBaseline("it"))
                .hasMessageContaining("recorded under other conditions");
    }

    @Test
    void whatIsNotFiniteIsNotRecorded() {
        Path broken =
                Corruptor.of(Models.QWEN).named("one-nan").setNaN(WEIGHT, 17).into(folder);
        Golden.fails(
                () -> assertThat(open(ModelAssay.open(broken), run("record"))).matchesBaseline("it", TEXT),
                folder,
                """
                Expecting model <one-nan> to match the baseline it
                but it has figures that are not finite, so none is recorded:
                  perplexity: NaN
                  FOLDER/one-nan
                Try: hasOnlyFiniteWeights(), then hasFiniteActivationsOn(text)
                """);
        assertThat(file("it")).doesNotExist();
        assertThat(qwen("record")).matchesBaseline("it", TEXT);
        assertThatThrownBy(() ->
                        assertThat(open(ModelAssay.open(broken), run("verify"))).matchesBaseline("it", TEXT))
                .hasMessageContaining("→ NaN, worse, tolerance 0.1 %");
    }

    /** Both are called {@code tiny-qwen2 as int4 g128 RTN} and keep the same modules. */
    @Test
    void modelsOfOneNameAreNotOneModel() {
        Baselines run = run("record");
        assertThat(open(ModelAssay.open(Models.QWEN).quantize(INT4), run)).matchesBaseline("it");
        Quantization mixed = INT4.dynamic("+:.*\\.down_proj$=bits:8");
        assertThatThrownBy(() -> assertThat(open(ModelAssay.open(Models.QWEN).quantize(mixed), run))
                        .matchesBaseline("it"))
                .hasMessageContaining("in this run the id belongs to another model, tiny-qwen2 as int4 g128 RTN");
    }

    @ParameterizedTest
    @ValueSource(strings = {"verify", "record", "update"})
    void anIdBelongsToOneModel(String mode) {
        assertThat(qwen("record")).matchesBaseline("it");
        Baselines run = run(mode);
        assertThat(open(ModelAssay.open(Models.QWEN), run))
                .matchesBaseline("it")
                .matchesBaseline("it");
        Path copy = Corruptor.of(Models.QWEN).named("copy").into(folder);
        Golden.fails(() -> assertThat(open(ModelAssay.open(copy), run)).matchesBaseline("it"), folder, """
                Expecting model <copy> to match the baseline it
                but in this run the id belongs to another model, tiny-qwen2 of %s
                  FOLDER/copy
                Try: an id for each model, such as "it-{quantization}"
                """.formatted(
                        Models.QWEN));
    }

    @Test
    void aBaselineIsWrittenOnceInARun() {
        Baselines run = run("update");
        ModelUnderTest model = open(ModelAssay.open(Models.QWEN), run);
        assertThat(model).matchesBaseline("it", TEXT);
        assertThatThrownBy(() -> assertThat(model).matchesBaseline("it", Text.ofTokens(1, 2, 3)))
                .hasMessageContaining("recorded under other conditions");
    }

    @Test
    void theQuantizationMayBePartOfTheId() {
        assertThat(int4("record")).matchesBaseline("it-{quantization}");
        assertThat(qwen("record")).matchesBaseline("it-{quantization}");
        assertThat(file("it-int4-g128-rtn")).exists();
        assertThat(file("it-unquantized")).exists();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "../it", "a/b", "a\\b", ".it", "it ", "{other}", "ä"})
    void anIdIsAFilesName(String id) {
        assertThatThrownBy(() -> assertThat(qwen("record")).matchesBaseline(id))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("\"" + id + "\" is no id of a baseline\nTry: ");
        assertThat(baselines).doesNotExist();
    }

    @Test
    void aFileThatIsNoBaselineIsSaid() throws IOException {
        assertThat(qwen("record")).matchesBaseline("it");
        String good = Files.readString(file("it"));
        Map<String, String> broken = Map.of(
                "<<<<<<< HEAD\n" + good,
                "is not valid JSON: ",
                "",
                "has the schema \"\", not modelassay-baseline/1",
                good.replace("baseline/1", "baseline/2"),
                "has the schema \"modelassay-baseline/2\"",
                good.replace("\"facts\"", "\"fact\""),
                "lacks or misspells facts",
                good.replace("\"id\": \"it\"", "\"id\": \"that\""),
                "is that of the id \"that\"",
                good.replaceFirst("(\"abs_max_stored\": )\"0\"", "$1\"-5\""),
                "tolerance -5");
        broken.forEach((text, problem) -> {
            try {
                Files.writeString(file("it"), text);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            BaselineException failure = catchThrowableOfType(
                    BaselineException.class, () -> assertThat(qwen("verify")).matchesBaseline("it"));
            assertThat(failure)
                    .as(problem)
                    .isNotNull()
                    .hasMessageContaining(problem)
                    .hasMessageContaining("\nTry: ");
        });
    }
}
