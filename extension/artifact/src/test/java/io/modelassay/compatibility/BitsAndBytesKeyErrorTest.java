package io.modelassay.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The KeyError of bitsandbytes 0.41.2 on a healthy adapter, against what pairs of PEFT and bitsandbytes did. */
class BitsAndBytesKeyErrorTest {
    private static final JsonNode TRUTH = Truths.json("bitsandbytes-key-error.json");

    @TempDir
    private Path folder;

    private Path plainAdapter() {
        return Corruptor.of(Fixtures.path("adapters/lora-qv"))
                .deleteFile("logits.safetensors")
                .editJson(
                        "adapter_config.json",
                        config -> config.retain(
                                "peft_type",
                                "r",
                                "lora_alpha",
                                "target_modules",
                                "bias",
                                "task_type",
                                "inference_mode"))
                .into(folder);
    }

    @Test
    void isPredictedInTheVersionsThatRaiseIt() {
        assertThat(TRUTH).hasSize(25);
        try (Checkpoint base = Checkpoint.open(Fixtures.path("quantized/bnb-nf4-double"))) {
            AdapterPredictor predictor = AdapterPredictor.of(plainAdapter(), base);
            for (JsonNode truth : TRUTH) {
                Prediction prediction = predictor
                        .with(
                                Library.BITSANDBYTES,
                                LibraryVersion.of(truth.path("bitsandbytes").textValue()))
                        .predict(LibraryVersion.of(truth.path("peft").textValue()));
                String raised = truth.path("raised").textValue();
                assertThat(prediction.works()).as(truth.toString()).isEqualTo(raised.isEmpty());
                assertThat(raised.isEmpty() ? "" : prediction.exception() + ": " + prediction.message())
                        .isEqualTo(raised);
            }
        }
    }

    @Test
    void theWeightOfAModuleThatIsNotAdaptedStaysWhereItIs() {
        Path other = Corruptor.of(plainAdapter())
                .named("other")
                .editJson(
                        "adapter_config.json",
                        config -> config.putArray("target_modules").add("v_proj"))
                .into(folder);
        try (Checkpoint base = Checkpoint.open(Fixtures.path("quantized/bnb-nf4-double"))) {
            assertThat(predicted(other, base).message())
                    .isEqualTo("'base_model.model.model.layers.0.self_attn.q_proj.weight'");
        }
    }

    @Test
    void basesThatAreNotInFourBitsAreNotTouched() {
        for (String name : List.of("tiny-llama", "quantized/bnb-int8", "quantized/gptq-int4-g128")) {
            try (Checkpoint base = Checkpoint.open(Fixtures.path(name))) {
                assertThat(predicted(Fixtures.path("adapters/lora-qv"), base).exception())
                        .as(name)
                        .isNotEqualTo("KeyError");
            }
        }
    }

    private static Prediction predicted(Path adapter, Checkpoint base) {
        return AdapterPredictor.of(adapter, base)
                .with(Library.BITSANDBYTES, LibraryVersion.of("0.41.2"))
                .predict(LibraryVersion.of("0.17.1"));
    }
}
