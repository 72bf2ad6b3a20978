package io.modelassay.truth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.LoaderRules;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.architecture.UnsupportedArchitectureException;
import io.modelassay.assertions.ModelAssertions;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.inspection.Inspection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The parameters of Qwen2-VL and Qwen2.5-VL against those of transformers' models. */
class VisionLanguageTruthTest {
    private static final JsonNode TRUTH = Truths.json("vision-language.json");
    private static final List<String> VERSIONS = List.of("4.57.6", "5.23.0");
    private static final Set<String> OUTSIDE_TEXT =
            Set.of("architectures", "model_type", "vision_config", "tie_word_embeddings", "torch_dtype");

    @TempDir
    Path folder;

    static Stream<Arguments> tiny() {
        return TRUTH.get("tiny").properties().stream()
                .flatMap(entry -> VERSIONS.stream()
                        .flatMap(version -> Stream.of(false, true)
                                .map(nested -> Arguments.of(entry.getKey(), version, nested, entry.getValue()))));
    }

    static Stream<Arguments> full() {
        return TRUTH.get("full").properties().stream()
                .flatMap(entry ->
                        Stream.of(false, true).map(nested -> Arguments.of(entry.getKey(), nested, entry.getValue())));
    }

    @ParameterizedTest(name = "{0} of {1}, nested config {2}")
    @MethodSource("tiny")
    void namesAndShapes(String name, String version, boolean nested, JsonNode model) {
        Map<String, String> parameters = plan(model, nested).parameters().stream()
                .collect(Collectors.toMap(Parameter::name, p -> p.shape().toString()));
        Map<String, String> expected = new TreeMap<>();
        shapes(model, version).forEach((key, shape) -> expected.put(key, shape.toString()));
        assertThat(parameters).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} of {1}, nested config {2}")
    @MethodSource("tiny")
    void savedUnderOldAndNewNames(String name, String version, boolean nested, JsonNode model) throws IOException {
        ModelPlan plan = plan(model, nested);
        SortedMap<String, Shape> shapes = shapes(model, version);
        SortedMap<String, Shape> old = new TreeMap<>();
        model.at("/truth/" + version.replace("/", "~1") + "/saved")
                .forEach(saved ->
                        old.put(saved.textValue(), shapes.getOrDefault(plan.canonical(saved.textValue()), Shape.of())));
        shapes.keySet()
                .removeIf(key -> old.keySet().stream()
                        .noneMatch(saved -> plan.canonical(saved).equals(key)));
        for (SortedMap<String, Shape> names : List.of(old, shapes)) {
            Path saved = write(names, config(model, nested), folder.resolve(names.firstKey() + names.lastKey()));
            try (Checkpoint checkpoint = Checkpoint.open(saved)) {
                for (LoaderRules rules : List.of(LoaderRules.TRANSFORMERS_4, LoaderRules.TRANSFORMERS_5)) {
                    LoadReport report = LoadReport.of(checkpoint, plan, rules);
                    assertThat(report.missing()).isEmpty();
                    assertThat(report.unexpected()).isEmpty();
                    assertThat(report.mismatched()).isEmpty();
                    assertThat(report.isClean()).isTrue();
                }
                assertThat(Inspection.of(checkpoint).findings()).isEmpty();
                assertThat(Inspection.of(checkpoint).precision()).isNotEmpty();
            }
        }
    }

    @ParameterizedTest(name = "{0}, nested config {1}")
    @MethodSource("full")
    void publishedSizes(String name, boolean nested, JsonNode model) {
        ModelPlan plan = plan(model, nested);
        for (String version : VERSIONS) {
            JsonNode truth = model.get("truth").get(version);
            assertThat(plan.parameters()).hasSize(truth.get("tensors").intValue());
            assertThat(elements(plan, "model.language_model."))
                    .isEqualTo(truth.get("text").longValue());
            assertThat(elements(plan, "model.visual."))
                    .isEqualTo(truth.get("vision").longValue());
            assertThat(plan.parameters().stream()
                            .filter(p -> p.name().equals("lm_head.weight") && p.required())
                            .mapToLong(p -> p.shape().elementCount())
                            .sum())
                    .isEqualTo(truth.get("head").longValue());
            assertThat(plan.tied()).hasSize(truth.get("tied").size());
        }
    }

    @Test
    void whatAnImageEncoderLacksIsMissingUnderItsPresentName() throws IOException {
        JsonNode model = TRUTH.at("/tiny/qwen2.5-vl-tiny");
        SortedMap<String, Shape> names = shapes(model, "5.23.0");
        names.remove("model.visual.blocks.1.mlp.up_proj.bias");
        names.put("model.visual.blocks.1.mlp.fc1.bias", Shape.of(44));
        names.put("model.visual.rotary_pos_emb.inv_freq", Shape.of(4));
        Path saved = write(names, config(model, false), folder.resolve("broken"));
        try (Checkpoint checkpoint = Checkpoint.open(saved)) {
            LoadReport report = LoadReport.of(checkpoint, plan(model, false));
            assertThat(report.missing()).containsExactly("model.visual.blocks.1.mlp.up_proj.bias");
            assertThat(report.unexpected()).containsExactly("model.visual.blocks.1.mlp.fc1.bias");
        }
    }

    @ParameterizedTest(name = "old names {0}")
    @ValueSource(booleans = {true, false})
    void aQuantizedLanguageModelBesideAnImageEncoderInFullPrecision(boolean old) throws IOException {
        JsonNode model = TRUTH.at("/tiny/qwen2-vl-tiny");
        SortedMap<String, Shape> names = new TreeMap<>();
        shapes(model, "5.23.0").forEach((name, shape) -> {
            String module =
                    old ? name.replace("model.visual.", "visual.").replace("model.language_model.", "model.") : name;
            if (name.contains("_proj.weight")) {
                pack(module.replace(".weight", ""), shape.dimension(1), shape.dimension(0), names);
            } else {
                names.put(module, shape);
            }
        });
        ObjectNode config = model.get("config").deepCopy();
        config.putObject("quantization_config")
                .put("quant_method", "gptq")
                .put("bits", 4)
                .put("group_size", 32);
        Path saved = write(names, config.toString(), folder.resolve("gptq"));
        try (Checkpoint checkpoint = Checkpoint.open(saved)) {
            Inspection inspection = Inspection.of(checkpoint);
            assertThat(inspection.quantization().modules()).hasSize(14);
            assertThat(inspection.loadReport()).get().returns(true, LoadReport::isClean);
            assertThat(inspection.findings()).noneMatch(finding -> finding.severity() == Finding.Severity.ERROR);
            ModelAssertions.assertThat(checkpoint)
                    .hasNoMissingKeys()
                    .hasNoUnexpectedKeys()
                    .keepsInFullPrecision(old ? "visual.*" : "model.visual.*", "lm_head");
        }
        String module = (old ? "visual." : "model.visual.") + "blocks.1.mlp.fc1";
        Shape shape = names.remove(module + ".weight");
        pack(module, shape.dimension(1), shape.dimension(0), names);
        Path reduced = write(names, config.toString(), folder.resolve("reduced"));
        try (Checkpoint checkpoint = Checkpoint.open(reduced)) {
            assertThatThrownBy(() -> ModelAssertions.assertThat(checkpoint)
                            .keepsInFullPrecision(old ? "visual.*" : "model.visual.*"))
                    .hasMessageContaining("but 1 of ")
                    .hasMessageContaining(module + ".weight is stored as gptq 4-bit");
        }
    }

    private static void pack(String module, long inputs, long outputs, SortedMap<String, Shape> names) {
        names.put(module + ".qweight", Shape.of(inputs / 8, outputs));
        names.put(module + ".qzeros", Shape.of(inputs / 32, outputs / 8));
        names.put(module + ".scales", Shape.of(inputs / 32, outputs));
        names.put(module + ".g_idx", Shape.of(inputs));
    }

    @Test
    void aForwardPassIsRefused() {
        ModelPlan plan = plan(TRUTH.at("/tiny/qwen2-vl-tiny"), false);
        assertThat(plan.hasForwardPass()).isFalse();
        assertThatExceptionOfType(UnsupportedArchitectureException.class)
                .isThrownBy(plan::decoder)
                .withMessageContaining("\"qwen2_vl\" has no forward pass here")
                .withMessageContaining("Try: ");
    }

    private static long elements(ModelPlan plan, String prefix) {
        return plan.parameters().stream()
                .filter(parameter -> parameter.name().startsWith(prefix))
                .mapToLong(parameter -> parameter.shape().elementCount())
                .sum();
    }

    private static SortedMap<String, Shape> shapes(JsonNode model, String version) {
        SortedMap<String, Shape> shapes = new TreeMap<>();
        model.get("truth").get(version).get("state_dict").properties().forEach(entry -> {
            long[] dimensions = new long[entry.getValue().size()];
            for (int i = 0; i < dimensions.length; i++) {
                dimensions[i] = entry.getValue().get(i).longValue();
            }
            shapes.put(entry.getKey(), Shape.of(dimensions));
        });
        return shapes;
    }

    private static ModelPlan plan(JsonNode model, boolean nested) {
        return Architectures.require(ModelConfig.parse("config.json", config(model, nested)));
    }

    /** The config as it was published, or with the text settings in an object of their own, as they are written now. */
    private static String config(JsonNode model, boolean nested) {
        ObjectNode flat = model.get("config").deepCopy();
        if (!nested) {
            return flat.toString();
        }
        ObjectNode outer = flat.deepCopy();
        outer.retain(OUTSIDE_TEXT);
        outer.set("text_config", flat.remove(OUTSIDE_TEXT));
        return outer.toString();
    }

    private static Path write(SortedMap<String, Shape> names, String config, Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), config);
        SafetensorsWriter.Builder builder = SafetensorsWriter.to(folder.resolve("model.safetensors"));
        names.forEach((name, shape) -> builder.tensor(name, type(name), shape));
        try (SafetensorsWriter writer = builder.open()) {
            for (TensorInfo tensor : writer.tensors()) {
                ByteBuffer values = ByteBuffer.allocate((int) tensor.byteLength());
                writer.write(tensor.name(), values.put(0, (byte) tensor.name().length()));
            }
            writer.commit();
        }
        return folder;
    }

    private static TensorType type(String name) {
        if (name.endsWith(".qweight") || name.endsWith(".qzeros") || name.endsWith(".g_idx")) {
            return TensorType.I32;
        }
        return name.endsWith(".scales") ? TensorType.F16 : TensorType.BF16;
    }
}
