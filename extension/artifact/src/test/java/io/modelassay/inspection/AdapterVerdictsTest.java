package io.modelassay.inspection;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters on head and embedding, for servers, and those that PEFT refuses; each beside a look-alike without a finding. */
class AdapterVerdictsTest {
    private static final Path LORA = Fixtures.path("adapters/lora-qv");
    private static final Path TIED = Fixtures.path("tiny-qwen2");
    private static final Path UNTIED = Fixtures.path("tiny-llama");

    @TempDir
    Path folder;

    private static List<Finding> inspect(Path adapter, Path base) {
        try (PeftAdapter opened = PeftAdapter.open(adapter);
                Checkpoint model = Checkpoint.open(base)) {
            return AdapterInspection.of(opened, model).findings();
        }
    }

    /** A LoRA of rank 4 on {@code end}, whose outputs and inputs have the given sizes. */
    private Corruptor onEnd(String end, boolean ensured) {
        boolean embedding = end.endsWith("embed_tokens");
        String key = "base_model.model." + end + ".lora_";
        String a = key + (embedding ? "embedding_A" : "A.weight");
        String b = key + (embedding ? "embedding_B" : "B.weight");
        return Corruptor.of(LORA)
                .named("on-end")
                .deleteFile("logits.safetensors")
                .dropTensors(".*")
                .addTensor(a, "F32", 4, embedding ? 2048 : 256)
                .addTensor(b, "F32", embedding ? 256 : 2048, 4)
                .fill(a, 0.5)
                .fill(b, 0.5)
                .editJson("adapter_config.json", config -> {
                    config.putArray("target_modules").add(end.substring(end.lastIndexOf('.') + 1));
                    config.put("ensure_weight_tying", ensured);
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"lm_head", "model.embed_tokens"})
    void oneOfTwoEndsThatAreOne(String end) {
        Path adapter = onEnd(end, false).into(folder);
        assertThat(inspect(adapter, TIED)).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("adapter-on-tied-ends");
            assertThat(finding.severity()).isEqualTo(Severity.WARNING);
            assertThat(finding.subject()).isEqualTo(end);
            assertThat(finding.message())
                    .isEqualTo("The base ties head and embedding, and the adapter is on " + end
                            + ": unmerged it changes one of them, merged it changes the other too, so that merging"
                            + " changes the answers");
            assertThat(finding.nextStep()).isEqualTo("train with ensure_weight_tying, or do not merge");
        });
        assertThat(inspect(adapter, UNTIED)).isEmpty();
        assertThat(inspect(Fixtures.path("adapters/ia3"), TIED)).isEmpty();
    }

    /** PEFT from 0.18 on adapts both ends alike where it is asked to. */
    @Test
    void bothEndsThatAreOneAndAdaptedAlike() {
        Path adapter = onEnd("model.embed_tokens", true).into(folder);
        assertThat(inspect(adapter, TIED))
                .filteredOn(finding -> finding.id().equals("adapter-on-tied-ends"))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(Severity.INFO);
                    assertThat(finding.message())
                            .endsWith("both are adapted alike; merging changes the weight that they share");
                });
    }

    @Test
    void theBasesWeightBesideTheAdaptersIsOfNoUseToVllm() {
        String weight = "base_model.model.lm_head.base_layer.weight";
        byte[] head;
        try (Checkpoint base = Checkpoint.open(UNTIED)) {
            head = Truths.bytes(base, "lm_head.weight");
        }
        Path adapter = onEnd("lm_head", false)
                .addTensor(weight, "BF16", 2048, 256)
                .replaceBytes(weight, "BF16", head, 2048, 256)
                .into(folder);
        assertThat(inspect(adapter, UNTIED)).first().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("adapter-refused-by-vllm");
            assertThat(finding.severity()).isEqualTo(Severity.INFO);
            assertThat(finding.subject()).isEqualTo(weight);
            assertThat(finding.message())
                    .isEqualTo("The adapter holds the base's weight as well (" + weight
                            + "), which PEFT loads and which vLLM refuses as a key that is not LoRA's");
            assertThat(finding.nextStep()).isEqualTo("save with save_embedding_layers=False to serve it with vLLM");
        });
    }

    @Test
    void whatTheNewestPeftRefusesIsToldOnce() {
        assertThat(inspect(edited(config -> config.put("bias", "some")), UNTIED))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.id()).isEqualTo("adapter-does-not-load");
                    assertThat(finding.severity()).isEqualTo(Severity.ERROR);
                    assertThat(finding.message())
                            .isEqualTo(
                                    "PEFT 0.21.2 beside transformers 5.24.0: ERROR; NotImplementedError: Requested bias:"
                                            + " some, is not implemented.; bias is neither none nor all nor lora_only");
                    assertThat(finding.nextStep()).isNotEmpty();
                });
    }

    /** Beside the test before: a weight under the same name that is not the base's. */
    @Test
    void anotherWeightInTheBasesPlaceIsNoAdapter() {
        Path adapter = onEnd("lm_head", false)
                .addTensor("base_model.model.lm_head.base_layer.weight", "BF16", 2048, 256)
                .into(folder);
        assertThat(inspect(adapter, UNTIED)).first().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("adapter-does-not-load");
            assertThat(finding.message())
                    .endsWith("weights of the base are overwritten, such as"
                            + " base_model.model.lm_head.base_layer.weight");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "all", "lora_only"})
    void eachBiasThatPeftKnowsLoads(String bias) {
        assertThat(inspect(edited(config -> config.put("bias", bias)), UNTIED))
                .extracting(Finding::id)
                .doesNotContain("adapter-does-not-load");
    }

    private Path edited(Consumer<ObjectNode> change) {
        return Corruptor.of(LORA)
                .named("edited")
                .editJson("adapter_config.json", change)
                .into(folder);
    }
}
