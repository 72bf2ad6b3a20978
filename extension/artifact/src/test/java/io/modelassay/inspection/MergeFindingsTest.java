package io.modelassay.inspection;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A LoRA of rank 4 on two modules of 8 by 8: merged rightly, in part, not at all, and with another strength. */
class MergeFindingsTest {
    private static final int SIZE = 8;
    private static final int RANK = 4;
    private static final List<String> MODULES =
            List.of("model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj");

    @TempDir
    Path folder;

    private Path base;
    private Path adapter;

    @BeforeEach
    void writeBaseAndAdapter() throws IOException {
        base = merged("base", 0, 0);
        Map<String, float[]> factors = new TreeMap<>();
        for (String module : MODULES) {
            factors.put("base_model.model." + module + ".lora_A.weight", values(RANK * SIZE, 3));
            factors.put("base_model.model." + module + ".lora_B.weight", values(SIZE * RANK, 5));
        }
        adapter = Files.createDirectories(folder.resolve("adapter"));
        Files.writeString(
                adapter.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"r\": 4, \"lora_alpha\": 4, \"target_modules\": [\"q_proj\"]}");
        write(adapter.resolve("adapter_model.safetensors"), factors);
    }

    @Test
    void aRightMergeHasNoFinding() throws IOException {
        assertThat(findings(merged("right", 1, 1))).isEmpty();
    }

    @Test
    void modulesThatAreUnchangedAreNamed() throws IOException {
        assertThat(findings(merged("half", 1, 0))).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("adapter-not-merged");
            assertThat(finding.message()).contains("1 of 2 modules", MODULES.get(1));
        });
        assertThat(findings(base))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message()).contains("2 of 2 modules"));
    }

    @Test
    void aStrengthThatTheConfigHasLostIsNamed() throws IOException {
        assertThat(findings(merged("stabilized", 2, 2))).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("adapter-scale-disagrees");
            assertThat(finding.message()).contains("only with the scale 2.00", "says 1.00", "use_rslora");
        });
        assertThat(findings(merged("other", 3, 3)))
                .singleElement()
                .satisfies(finding ->
                        assertThat(finding.message()).contains("3.00").doesNotContain("use_rslora"));
    }

    @Test
    void anEqualReferenceIsToldAndAnotherIsNot() throws IOException {
        try (Checkpoint one = Checkpoint.open(base);
                Checkpoint same = Checkpoint.open(merged("same", 0, 0));
                Checkpoint other = Checkpoint.open(merged("trained", 1, 1))) {
            assertThat(EqualReference.findings(same, one))
                    .singleElement()
                    .satisfies(finding -> assertThat(finding.id()).isEqualTo("equals-reference"));
            assertThat(EqualReference.findings(other, one)).isEmpty();
            assertThat(EqualReference.findings(one, one)).isEmpty();
        }
    }

    private List<Finding> findings(Path checkpoint) {
        try (PeftAdapter opened = PeftAdapter.open(adapter);
                Checkpoint after = Checkpoint.open(checkpoint);
                Checkpoint before = Checkpoint.open(base)) {
            return MergeFindings.of(opened, after, before);
        }
    }

    /** The base with each module's update at the given strength. */
    private Path merged(String name, double first, double second) throws IOException {
        Map<String, float[]> weights = new TreeMap<>();
        double[] scales = {first, second};
        float[] a = values(RANK * SIZE, 3);
        float[] b = values(SIZE * RANK, 5);
        for (int module = 0; module < MODULES.size(); module++) {
            float[] weight = values(SIZE * SIZE, 7);
            for (int row = 0; row < SIZE; row++) {
                for (int column = 0; column < SIZE; column++) {
                    for (int k = 0; k < RANK; k++) {
                        weight[row * SIZE + column] +=
                                (float) (scales[module] * b[row * RANK + k] * a[k * SIZE + column]);
                    }
                }
            }
            weights.put(MODULES.get(module) + ".weight", weight);
        }
        Path target = Files.createDirectories(folder.resolve(name));
        Files.writeString(target.resolve("config.json"), "{\"model_type\": \"brand-new\"}");
        write(target.resolve("model.safetensors"), weights);
        return target;
    }

    private static float[] values(int count, int seed) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = ((i * seed * 31 + 17) % 23 - 11) / 11f;
        }
        return values;
    }

    private static void write(Path file, Map<String, float[]> tensors) {
        SafetensorsWriter.Builder builder = SafetensorsWriter.to(file);
        tensors.forEach((name, values) -> builder.tensor(
                name,
                TensorType.F32,
                name.contains("lora_A") ? Shape.of(RANK, SIZE) : Shape.of(SIZE, values.length / SIZE)));
        try (SafetensorsWriter writer = builder.open()) {
            writer.tensors().forEach(tensor -> {
                ByteBuffer bytes =
                        ByteBuffer.allocate((int) tensor.byteLength()).order(ByteOrder.LITTLE_ENDIAN);
                for (float value : tensors.get(tensor.name())) {
                    bytes.putFloat(value);
                }
                writer.write(tensor.name(), bytes.flip());
            });
            writer.commit();
        }
    }
}
