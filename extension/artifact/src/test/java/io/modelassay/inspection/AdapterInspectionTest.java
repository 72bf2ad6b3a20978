package io.modelassay.inspection;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.modelassay.adapter.AdapterReport;
import io.modelassay.adapter.BaseModules;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.StateDictFile;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every finding on a broken copy of an adapter that PEFT trained; the adapter itself has none. */
class AdapterInspectionTest {
    private static final Path LORA = Fixtures.path("adapters/lora-qv");
    private static final Path LLAMA = Fixtures.path("tiny-llama");
    private static final String Q = "base_model.model.model.layers.0.self_attn.q_proj.";

    @TempDir
    Path folder;

    private static AdapterInspection inspect(Path adapter, Path base) {
        try (PeftAdapter opened = PeftAdapter.open(adapter);
                Checkpoint model = Checkpoint.open(base)) {
            return AdapterInspection.of(opened, model);
        }
    }

    private static List<String> ids(AdapterInspection inspection) {
        return inspection.findings().stream().map(Finding::id).distinct().toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora-qv", "lora-patterns", "lora-trainable-tokens", "vera"})
    void healthyAdaptersHaveNoFindings(String name) {
        AdapterInspection inspection = inspect(Fixtures.path("adapters/" + name), LLAMA);
        assertThat(inspection.findings()).isEmpty();
        assertThat(inspection.holds()).isTrue();
        assertThat(inspection.hasZeroEffect()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            base_model[.]model[.](.*) | _orig_mod.base_model.model.$1  | torch.compile
            base_model[.]model[.](.*) | module.base_model.model.$1     | DistributedDataParallel
            base_model[.]model[.](.*) | $1                             | no "base_model.model." in front
            base_model[.](.*)         | base_model.model.base_model.$1 | more than once
            base_model[.]model[.]model(.*) | base_model.model$1        | without its head
            """)
    void keysThatWereRenamedAreNamedWithTheCause(String from, String to, String cause) {
        Path broken = Corruptor.of(LORA).renameTensors(from, to).into(folder);
        AdapterInspection inspection = inspect(broken, LLAMA);
        assertThat(ids(inspection)).containsExactly("adapter-prefix-renamed");
        assertThat(inspection.findings().get(0).message()).contains("16 of 16 keys have", cause, "no effect");
        assertThat(inspection.hasZeroEffect()).isTrue();
        assertThat(inspection.report().missing()).hasSize(16);
        assertThat(inspection.report().unexpected()).hasSize(16);
        assertThat(inspection.report().renamed()).hasSize(16);
    }

    @Test
    void aLoraOnAnotherArchitectureHasNoEffect() {
        AdapterInspection inspection = inspect(
                Corruptor.of(LORA)
                        .renameTensors("(.*)self_attn(.*)", "$1attention$2")
                        .into(folder),
                LLAMA);
        assertThat(ids(inspection)).containsExactly("adapter-keys-missing", "adapter-keys-unexpected");
        assertThat(inspection.findings().get(0).message())
                .contains(
                        "the adapter has no effect",
                        "the nearest key without a place is base_model.model.model.layers.0.attention.q_proj.lora_A.weight");
    }

    @Test
    void targetsThatThisBaseDoesNotHave() {
        assertThat(ids(inspect(targeting("query", "value"), LLAMA)))
                .containsExactly("adapter-targets-nothing", "adapter-keys-unexpected");
        AdapterInspection partly = inspect(targeting("q_proj", "v_proj", "c_attn"), LLAMA);
        assertThat(ids(partly)).containsExactly("adapter-target-unmatched");
        assertThat(partly.holds()).isTrue();
    }

    private Path targeting(String... modules) {
        return Corruptor.of(LORA)
                .named("targeting-" + modules.length)
                .editJson("adapter_config.json", config -> {
                    var names = config.putArray("target_modules");
                    for (String module : modules) {
                        names.add(module);
                    }
                })
                .into(folder);
    }

    @Test
    void targetsNarrowerOrWiderThanTheFile() {
        AdapterInspection narrow = inspect(targeting("q_proj"), LLAMA);
        assertThat(ids(narrow)).containsExactly("adapter-keys-unexpected");
        assertThat(narrow.report().unexpected()).hasSize(8);
        assertThat(narrow.hasZeroEffect()).isFalse();
        AdapterInspection wide = inspect(targeting("q_proj", "v_proj", "k_proj"), LLAMA);
        assertThat(ids(wide)).containsExactly("adapter-keys-missing");
        assertThat(wide.report().missing()).hasSize(8).allMatch(key -> key.contains("k_proj"));
    }

    @Test
    void halvesThatAreMissing() {
        AdapterInspection some =
                inspect(Corruptor.of(LORA).removeTensor(Q + "lora_B.weight").into(folder), LLAMA);
        assertThat(ids(some)).containsExactly("adapter-keys-missing");
        assertThat(some.report().incomplete()).containsExactly("model.layers.0.self_attn.q_proj");
        assertThat(some.hasZeroEffect()).isFalse();
        AdapterInspection all = inspect(
                Corruptor.of(LORA).named("halves").dropTensors(".*lora_B.*").into(folder), LLAMA);
        assertThat(all.report().hasZeroEffect()).isTrue();
    }

    @Test
    void ranksAndShapesThatDisagree() {
        Path ranked = Corruptor.of(LORA)
                .named("ranked")
                .editJson("adapter_config.json", config -> config.put("r", 2))
                .into(folder);
        AdapterInspection rank = inspect(ranked, LLAMA);
        assertThat(ids(rank)).containsExactly("adapter-rank-disagrees");
        assertThat(rank.report().mismatched()).hasSize(16).allMatch(AdapterReport.Mismatch::byRank);
        AdapterInspection shape =
                inspect(Corruptor.of(LORA).setShape(Q + "lora_A.weight", 256, 4).into(folder), LLAMA);
        assertThat(ids(shape)).containsExactly("adapter-shape-mismatch");
        assertThat(shape.report().mismatched())
                .containsExactly(
                        new AdapterReport.Mismatch(Q + "lora_A.weight", Shape.of(4, 256), Shape.of(256, 4), false));
    }

    @Test
    void magnitudesAreReadWithWeightBehindThem() {
        Path dora = Fixtures.path("adapters/lora-dora");
        Path weighted = Corruptor.of(dora)
                .renameTensors("(.*lora_magnitude_vector)", "$1.weight")
                .into(folder);
        assertThat(ids(inspect(weighted, Fixtures.path("tiny-qwen3")))).isEmpty();
        Path plain = Corruptor.of(dora)
                .named("plain")
                .editJson("adapter_config.json", config -> config.put("use_dora", false))
                .into(folder);
        assertThat(ids(inspect(plain, Fixtures.path("tiny-qwen3")))).containsExactly("adapter-setting-contradicted");
    }

    @Test
    void anAdapterThatWasNeverTrained() {
        Corruptor zero = Corruptor.of(LORA).named("zero");
        for (int layer = 0; layer < 4; layer++) {
            for (String module : List.of("q_proj", "v_proj")) {
                String b = "base_model.model.model.layers." + layer + ".self_attn." + module + ".lora_B.weight";
                zero = zero.fill(b, layer == 0 ? -0.0 : 0);
            }
        }
        AdapterInspection inspection = inspect(zero.into(folder), LLAMA);
        assertThat(ids(inspection)).containsExactly("adapter-untrained");
        assertThat(inspection.holds()).isFalse();
        assertThat(inspection.hasZeroEffect()).isTrue();
        AdapterInspection one = inspect(
                Corruptor.of(LORA).named("one").fill(Q + "lora_B.weight", 0).into(folder), LLAMA);
        assertThat(ids(one)).containsExactly("adapter-untrained");
        assertThat(one.holds()).isTrue();
        assertThat(one.hasZeroEffect()).isFalse();
    }

    @Test
    void aFullModelIsNoAdapter() throws IOException {
        Path full = Files.createDirectories(folder.resolve("full"));
        Files.copy(LORA.resolve("adapter_config.json"), full.resolve("adapter_config.json"));
        try (Checkpoint model = Checkpoint.open(LLAMA)) {
            write(
                    full,
                    model.tensors().keySet().stream()
                            .map(name -> new Entry(name, model.tensor(name).shape()))
                            .toList());
        }
        AdapterInspection inspection = inspect(full, LLAMA);
        assertThat(inspection.report().isFullModel()).isTrue();
        assertThat(ids(inspection)).contains("adapter-is-full-model").doesNotContain("adapter-keys-unexpected");
        assertThat(inspection.hasZeroEffect()).isTrue();
    }

    @Test
    void weightsOfTheBaseThatNobodyAskedFor() {
        String o = "base_model.model.model.layers.0.self_attn.o_proj.weight";
        AdapterInspection inspection = inspect(
                Corruptor.of(LORA)
                        .deleteFile("logits.safetensors")
                        .addTensor(o, "F32", 256, 256)
                        .into(folder),
                LLAMA);
        assertThat(ids(inspection)).startsWith("adapter-overwrites-base").noneMatch(id -> id.contains("keys"));
        AdapterInspection other = inspect(
                Corruptor.of(LORA)
                        .named("other")
                        .deleteFile("logits.safetensors")
                        .addTensor(o, "F32", 256, 128)
                        .into(folder),
                LLAMA);
        assertThat(ids(other)).startsWith("adapter-shape-mismatch").noneMatch(id -> id.contains("overwrites"));
    }

    @Test
    void anAdapterForAModifiedBase() {
        AdapterInspection inspection = inspect(Fixtures.path("adapters/lora-pissa"), LLAMA);
        assertThat(ids(inspection)).containsExactly("adapter-for-modified-base");
        assertThat(inspection.holds()).isTrue();
    }

    @Test
    void aModuleToSaveThatIsNotStored() {
        Path adapter = Fixtures.path("adapters/lora-norms-to-save");
        Path base =
                Fixtures.path(ModelConfig.read(adapter.resolve("adapter.json")).string("base"));
        assertThat(ids(inspect(adapter, base))).isEmpty();
        Path broken = Corruptor.of(adapter)
                .removeTensor("base_model.model.model.norm.weight")
                .into(folder);
        assertThat(inspect(broken, base).report().missing()).containsExactly("base_model.model.model.norm.weight");
    }

    @Test
    void anArchitectureThatIsNotKnownIsReadFromItsTensors() {
        Path unknown = Corruptor.of(LLAMA)
                .named("unknown")
                .editConfig(config -> config.set("model_type", JsonNodeFactory.instance.textNode("brand-new")))
                .into(folder);
        assertThat(ids(inspect(LORA, unknown))).isEmpty();
        Path headless = Corruptor.of(unknown)
                .named("headless")
                .renameTensors("model[.](.*)", "$1")
                .into(folder);
        assertThat(ids(inspect(LORA, headless))).isEmpty();
    }

    private record Entry(String name, Shape shape) {}

    private static void write(Path target, List<Entry> entries) {
        SafetensorsWriter.Builder builder = SafetensorsWriter.to(target.resolve("adapter_model.safetensors"));
        entries.forEach(entry -> builder.tensor(entry.name(), TensorType.BF16, entry.shape()));
        try (SafetensorsWriter writer = builder.open()) {
            writer.tensors()
                    .forEach(tensor -> writer.write(tensor.name(), ByteBuffer.allocate((int) tensor.byteLength())));
            writer.commit();
        }
    }

    /** 80 layers, every linear module, beside nothing but a config. After closing nothing can be mapped any more. */
    @Test
    void valuesThatAreNotFinite() {
        Path broken =
                Corruptor.of(LORA).named("nan").setNaN(Q + "lora_A.weight", 3).into(folder);
        AdapterInspection inspection = inspect(broken, LLAMA);
        assertThat(ids(inspection)).contains("adapter-non-finite");
        assertThat(inspection.holds()).isFalse();
    }

    @Test
    void anAdapterThatWorksInSomeVersionsOnly() {
        Path kept = Corruptor.of(LORA)
                .named("kept")
                .renameTensors("(.*lora_[AB])[.]weight", "$1.default.weight")
                .into(folder);
        AdapterInspection inspection = inspect(kept, LLAMA);
        assertThat(inspection.findings())
                .filteredOn(finding -> finding.id().equals("adapter-version-without-effect"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message())
                        .contains("PEFT 0.5.0, 0.14.0-0.20.0 loads")
                        .endsWith("it works in 0.21.2"));
    }

    @Test
    void aSettingThatTheNewestVersionWarnsOf() {
        Path odd = Corruptor.of(LORA)
                .named("odd")
                .editJson("adapter_config.json", config -> config.put("key_of_the_future", 1))
                .into(folder);
        assertThat(ids(inspect(odd, LLAMA))).containsExactly("adapter-version-warning");
        assertThat(inspect(odd, LLAMA).holds()).isTrue();
    }

    @Test
    void aTorchFileIsReadLikeASafetensorsFile() throws IOException {
        Path pickled =
                Corruptor.of(LORA).named("bin").deleteFile("logits.safetensors").into(folder);
        StateDictFile.write(pickled.resolve("adapter_model.safetensors"), pickled.resolve("adapter_model.bin"));
        Files.delete(pickled.resolve("adapter_model.safetensors"));
        AdapterInspection inspection = inspect(pickled, LLAMA);
        assertThat(inspection.report().matched()).hasSize(16);
        assertThat(inspection.findings()).noneMatch(finding -> finding.severity() == Finding.Severity.ERROR);
    }

    @Test
    void factorsOfOneAreUntrained() {
        Corruptor ones = Corruptor.of(Fixtures.path("adapters/ia3")).named("ones");
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/ia3"))) {
            for (String name : adapter.weights().tensors().keySet()) {
                ones = ones.fill(name, 1);
            }
        }
        Path untrained = ones.into(folder);
        AdapterInspection inspection = inspect(untrained, Fixtures.path("tiny-qwen2"));
        assertThat(ids(inspection)).contains("adapter-untrained");
        assertThat(inspection.hasZeroEffect()).isTrue();
        assertThat(inspection.versions())
                .allSatisfy(range -> assertThat(range.prediction().works()).isFalse());
        assertThat(ids(inspect(Fixtures.path("adapters/ia3"), Fixtures.path("tiny-qwen2"))))
                .isEmpty();
    }

    @Test
    void aFileWithoutTensors() {
        Path empty = Corruptor.of(LORA)
                .named("empty")
                .deleteFile("logits.safetensors")
                .dropTensors(".*")
                .into(folder);
        AdapterInspection inspection = inspect(empty, LLAMA);
        assertThat(ids(inspection)).contains("adapter-empty");
        assertThat(inspection.holds()).isFalse();
    }

    @Test
    void aLargeAdapterIsComparedWithoutReadingATensor() throws IOException {
        ModelPlan plan = Architectures.require(ModelConfig.parse("config.json", """
                {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64,
                 "num_hidden_layers": 80, "num_attention_heads": 8, "num_key_value_heads": 2, "intermediate_size": 128,
                 "vocab_size": 100, "max_position_embeddings": 32, "rms_norm_eps": 1e-06, "rope_theta": 10000.0,
                 "tie_word_embeddings": false}
                """));
        Path large = Files.createDirectories(folder.resolve("large"));
        Files.writeString(large.resolve("adapter_config.json"), """
                {"peft_type": "LORA", "r": 64, "target_modules": "all-linear"}
                """);
        List<Entry> entries = plan.parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.LINEAR)
                .flatMap(parameter -> Stream.of(
                        new Entry(
                                "base_model.model." + parameter.module() + ".lora_A.weight",
                                Shape.of(64, parameter.shape().dimension(1))),
                        new Entry(
                                "base_model.model." + parameter.module() + ".lora_B.weight",
                                Shape.of(parameter.shape().dimension(0), 64))))
                .toList();
        write(large, entries);
        PeftAdapter adapter = PeftAdapter.open(large);
        adapter.close();
        AdapterReport report = AdapterReport.of(adapter, BaseModules.of(plan));
        assertThat(report.matched()).hasSize(80 * 7 * 2);
        assertThat(report.missing()).isEmpty();
        assertThat(report.unexpected()).isEmpty();
        assertThat(report.hasZeroEffect()).isFalse();
    }
}
