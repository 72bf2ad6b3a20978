package io.modelassay.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Modules other than a decoder's linear ones, and models other than decoders. */
class AdapterFormsTest {
    private static final String H = "base_model.model.transformer.h.0.";

    @TempDir
    Path folder;

    private static void write(Path file, Map<String, Shape> tensors) {
        SafetensorsWriter.Builder builder = SafetensorsWriter.to(file);
        tensors.forEach((name, shape) -> builder.tensor(name, TensorType.F32, shape));
        try (SafetensorsWriter writer = builder.open()) {
            writer.tensors()
                    .forEach(tensor -> writer.write(tensor.name(), ByteBuffer.allocate((int) tensor.byteLength())));
            writer.commit();
        }
    }

    private PeftAdapter adapter(String config, Map<String, Shape> tensors) throws IOException {
        Path target = Files.createTempDirectory(folder, "adapter");
        Files.writeString(target.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\", \"r\": 2, " + config + "}");
        write(target.resolve("adapter_model.safetensors"), tensors);
        return PeftAdapter.open(target);
    }

    /** A GPT-2 as it is published: without the prefix that the model with a head has, and with transposed weights. */
    private BaseModules gpt2() throws IOException {
        Path base = Files.createTempDirectory(folder, "gpt2");
        Files.writeString(base.resolve("config.json"), "{\"model_type\": \"gpt2\"}");
        write(
                base.resolve("model.safetensors"),
                Map.of(
                        "wte.weight", Shape.of(10, 4),
                        "h.0.attn.c_attn.weight", Shape.of(4, 12),
                        "h.0.attn.c_attn.bias", Shape.of(12),
                        "h.0.ln_1.weight", Shape.of(4)));
        try (Checkpoint checkpoint = Checkpoint.open(base)) {
            return BaseModules.of(checkpoint);
        }
    }

    private static void fits(AdapterReport report) {
        assertThat(report.missing()).isEmpty();
        assertThat(report.unexpected()).isEmpty();
        assertThat(report.mismatched()).isEmpty();
        assertThat(report.matched()).hasSize(report.stored());
        assertThat(report.hasZeroEffect()).isFalse();
    }

    @Test
    void transposedWeightsAndEmbeddings() throws IOException {
        Map<String, Shape> tensors = Map.of(
                H + "attn.c_attn.lora_A.weight",
                Shape.of(2, 4),
                H + "attn.c_attn.lora_B.weight",
                Shape.of(12, 2),
                "base_model.model.transformer.wte.lora_embedding_A",
                Shape.of(2, 10),
                "base_model.model.transformer.wte.lora_embedding_B",
                Shape.of(4, 2),
                "base_model.model.transformer.wte.base_layer.weight",
                Shape.of(10, 4));
        try (PeftAdapter adapter = adapter("\"target_modules\": [\"c_attn\", \"wte\"]", tensors)) {
            fits(AdapterReport.of(adapter, gpt2()));
            assertThat(adapter.rank()).hasValue(2);
        }
        Map<String, Shape> turned = Map.of(
                H + "attn.c_attn.lora_A.weight", Shape.of(2, 12), H + "attn.c_attn.lora_B.weight", Shape.of(4, 2));
        try (PeftAdapter adapter = adapter("\"target_modules\": [\"c_attn\"]", turned)) {
            assertThat(AdapterReport.of(adapter, gpt2()).mismatched())
                    .hasSize(2)
                    .noneMatch(AdapterReport.Mismatch::byRank);
        }
    }

    @Test
    void anEmbeddingOfAnotherVocabularyIsMisshapen() throws IOException {
        Map<String, Shape> tensors = Map.of(
                H + "attn.c_attn.lora_A.weight",
                Shape.of(2, 4),
                H + "attn.c_attn.lora_B.weight",
                Shape.of(12, 2),
                "base_model.model.transformer.wte.weight",
                Shape.of(11, 4));
        try (PeftAdapter adapter = adapter("\"target_modules\": [\"c_attn\"]", tensors)) {
            assertThat(AdapterReport.of(adapter, gpt2()).mismatched())
                    .containsExactly(new AdapterReport.Mismatch(
                            "base_model.model.transformer.wte.weight", Shape.of(10, 4), Shape.of(11, 4), false));
        }
    }

    @Test
    void aHeadThatTheTaskAddedHasAPlaceOnlyIfTheConfigSaysSo() throws IOException {
        Map<String, Shape> tensors = Map.of(
                H + "attn.c_attn.lora_A.weight",
                Shape.of(2, 4),
                H + "attn.c_attn.lora_B.weight",
                Shape.of(12, 2),
                "base_model.model.score.weight",
                Shape.of(3, 4));
        try (PeftAdapter adapter = adapter("\"target_modules\": [\"c_attn\"], \"task_type\": \"SEQ_CLS\"", tensors)) {
            fits(AdapterReport.of(adapter, gpt2()));
        }
        try (PeftAdapter adapter = adapter("\"target_modules\": [\"c_attn\"], \"task_type\": \"CAUSAL_LM\"", tensors)) {
            assertThat(AdapterReport.of(adapter, gpt2()).unexpected()).containsExactly("base_model.model.score.weight");
        }
    }

    @Test
    void pathsFromBeforeTheVisionModelsWereRenamed() throws IOException {
        ModelConfig config = ModelConfig.parse(
                "config.json",
                Truths.json("vision-language.json")
                        .get("tiny")
                        .get("qwen2-vl-tiny")
                        .get("config")
                        .toString());
        BaseModules base = BaseModules.of(Architectures.require(config));
        BaseModule q = base.all().stream()
                .filter(module -> module.name().endsWith("layers.0.self_attn.q_proj"))
                .findFirst()
                .orElseThrow();
        String targets = "\"target_modules\": \".*layers.0.self_attn.q_proj\"";
        Shape a = Shape.of(2, q.in());
        Shape b = Shape.of(q.out(), 2);
        String present = "base_model.model." + q.name();
        try (PeftAdapter adapter =
                adapter(targets, Map.of(present + ".lora_A.weight", a, present + ".lora_B.weight", b))) {
            fits(AdapterReport.of(adapter, base));
        }
        String old = present.replace("model.language_model.layers", "model.layers");
        assertThat(old).isNotEqualTo(present);
        try (PeftAdapter adapter = adapter(targets, Map.of(old + ".lora_A.weight", a, old + ".lora_B.weight", b))) {
            AdapterReport report = AdapterReport.of(adapter, base);
            assertThat(report.hasZeroEffect()).isTrue();
            assertThat(report.renamed())
                    .hasSize(2)
                    .allSatisfy((key, to) -> assertThat(to.leftovers()).containsExactly(KeyLeftover.OLD_PATHS));
            assertThat(report.nearest(present + ".lora_A.weight")).hasValue(old + ".lora_A.weight");
        }
    }
}
