package io.modelassay.truth;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.inspection.Inspection;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mixtures of experts that lost some, of known families and of unknown types, one by one and stacked. */
class ExpertsTruthTest {
    @TempDir
    private Path temp;

    private static ObjectNode saved(String name) {
        for (JsonNode saved : Truths.json("model-classes.json").get("cases")) {
            if (saved.get("name").textValue().equals(name)) {
                return saved.deepCopy();
            }
        }
        throw new IllegalArgumentException(name);
    }

    private static ObjectNode unknown(ObjectNode saved) {
        ((ObjectNode) saved.get("config")).put("model_type", "novel_moe");
        return saved;
    }

    private static void drop(ObjectNode saved, String pattern) {
        ObjectNode tensors = (ObjectNode) saved.get("tensors");
        List<String> names = new ArrayList<>();
        tensors.fieldNames().forEachRemaining(names::add);
        List<String> dropped =
                names.stream().filter(name -> name.matches(pattern)).toList();
        assertThat(dropped).isNotEmpty();
        tensors.remove(dropped);
    }

    private List<Finding> told(JsonNode saved) {
        return Inspection.of(RecordedCheckpoint.write(saved, temp.resolve("model"))).findings().stream()
                .filter(finding -> finding.severity() != Severity.INFO)
                .filter(finding -> !finding.id().equals("unknown-model-type"))
                .toList();
    }

    private void isOnly(JsonNode saved, String subject, String... words) {
        assertThat(told(saved)).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("experts-missing");
            assertThat(finding.severity()).isEqualTo(Severity.ERROR);
            assertThat(finding.subject()).isEqualTo(subject);
            assertThat(finding.message()).contains(words);
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Qwen3MoeForCausalLM",
                "Qwen3MoeForCausalLM with dense layers",
                "Qwen3MoeForCausalLM in every second layer",
                "Qwen2MoeForCausalLM shared",
                "MixtralForCausalLM",
                "OlmoeForCausalLM"
            })
    void aHealthyOneOfAnUnknownTypeIsNotFlagged(String name) {
        assertThat(told(unknown(saved(name)))).isEmpty();
    }

    @Test
    void aLayerWithoutExpertsIsToldOnce() {
        for (boolean known : new boolean[] {true, false}) {
            ObjectNode saved = saved("Qwen3MoeForCausalLM");
            drop(saved, ".*layers\\.1\\..*experts.*");
            isOnly(known ? saved : unknown(saved), "model.layers.1.mlp.experts", "Layer 1 has", "no expert", "has 4");
        }
    }

    @Test
    void aRoutedLayerAmongDenseOnesThatLostItsExperts() {
        ObjectNode saved = unknown(saved("Qwen3MoeForCausalLM with dense layers"));
        drop(saved, ".*layers\\.3\\..*experts.*");
        isOnly(saved, "model.layers.3.mlp.experts", "Layer 3 has");
    }

    @Test
    void aLostExpertIsToldByItsNumber() {
        for (boolean known : new boolean[] {true, false}) {
            ObjectNode saved = saved("MixtralForCausalLM");
            drop(saved, ".*layers\\.2\\..*experts\\.3\\..*");
            isOnly(
                    known ? saved : unknown(saved),
                    "model.layers.2.block_sparse_moe.experts",
                    "3 experts where config.json says 4",
                    "number 3");
        }
    }

    @Test
    void anExpertWithoutOneOfItsProjections() {
        for (boolean known : new boolean[] {true, false}) {
            ObjectNode saved = saved("OlmoeForCausalLM");
            drop(saved, ".*layers\\.0\\..*experts\\.2\\.up_proj.*");
            isOnly(
                    known ? saved : unknown(saved),
                    "model.layers.0.mlp.experts",
                    "1 of 4 experts",
                    "number 2",
                    "no up_proj");
        }
    }

    @Test
    void layersWithFewerExpertsThanTheConfigSays() {
        ObjectNode saved = unknown(saved("OlmoeForCausalLM"));
        ((ObjectNode) saved.get("config")).put("num_experts", 6);
        isOnly(saved, "model.layers.0.mlp.experts", "4 layers", "have 4 experts where config.json says 6", "number 4");
    }

    private static ObjectNode stacked(String name) {
        ObjectNode saved = saved(name);
        drop(saved, ".*experts\\.\\d.*");
        ObjectNode tensors = (ObjectNode) saved.get("tensors");
        for (int layer = 0; layer < 4; layer++) {
            String experts = "model.layers." + layer + ".mlp.experts.";
            tensors.putArray(experts + "gate_up_proj").add(4).add(32).add(32);
            tensors.putArray(experts + "down_proj").add(4).add(32).add(16);
        }
        return saved;
    }

    @Test
    void stacksAreWhatSingleExpertsAre() {
        assertThat(told(stacked("Qwen3MoeForCausalLM"))).isEmpty();
        assertThat(told(unknown(stacked("Qwen3MoeForCausalLM")))).isEmpty();
        Path one = RecordedCheckpoint.write(saved("Qwen3MoeForCausalLM"), temp.resolve("one"));
        Path all = RecordedCheckpoint.write(stacked("Qwen3MoeForCausalLM"), temp.resolve("all"));
        for (List<Path> pair : List.of(List.of(one, all), List.of(all, one))) {
            try (Checkpoint checkpoint = Checkpoint.open(pair.get(0));
                    Checkpoint reference = Checkpoint.open(pair.get(1))) {
                assertThat(Inspection.of(checkpoint, reference).findings())
                        .extracting(Finding::id)
                        .doesNotContain("missing-against-reference", "unexpected-against-reference")
                        .doesNotContain("shape-differs-from-reference");
            }
        }
    }

    @Test
    void aLostStack() {
        for (boolean known : new boolean[] {true, false}) {
            ObjectNode saved = stacked("Qwen3MoeForCausalLM");
            drop(saved, ".*layers\\.1\\..*experts\\.down_proj");
            isOnly(known ? saved : unknown(saved), "model.layers.1.mlp.experts", "no down_proj of experts");
        }
    }

    @Test
    void aStackOfAnotherShape() {
        ObjectNode saved = stacked("Qwen3MoeForCausalLM");
        change(
                saved,
                tensors -> tensors.putArray("model.layers.1.mlp.experts.down_proj")
                        .add(4)
                        .add(16)
                        .add(32));
        assertThat(told(saved)).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("shape-mismatch");
            assertThat(finding.subject()).isEqualTo("model.layers.1.mlp.experts.down_proj");
        });
    }

    private static void change(ObjectNode saved, Consumer<ObjectNode> edit) {
        edit.accept((ObjectNode) saved.get("tensors"));
    }
}
