package io.modelassay.quantization;

import static io.modelassay.quantization.CodecRun.assertIdentical;
import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.quantization.CodecRun.Weight;
import io.modelassay.truth.Truths;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** FP8 against torch's own casts, bit for bit; {@code ragged} fills no block of 128 by 128. */
class Fp8TruthTest {
    @ParameterizedTest
    @CsvSource({
        "ragged, TENSOR",
        "ragged, CHANNEL",
        "ragged, BLOCK",
        "q_proj, TENSOR",
        "q_proj, CHANNEL",
        "q_proj, BLOCK",
        "down_proj, BLOCK"
    })
    void codesScalesAndDecodedValuesAreThoseOfTorch(String name, Granularity granularity) {
        Weight weight = name.equals("ragged") ? CodecRun.input(name) : CodecRun.real(name);
        String label = name + "." + granularity.name().toLowerCase(Locale.ROOT);
        try (Checkpoint truth = Truths.tensors("quantization/fp8.safetensors");
                CodecRun run = CodecRun.of(Quantization.fp8(granularity), weight)) {
            assertThat(run.shape("scale"))
                    .isEqualTo(truth.tensor(label + ".scale").shape());
            assertIdentical("scales", Truths.bytes(truth, label + ".scale"), run.part("scale"), 4);
            assertIdentical("codes", Truths.bytes(truth, label + ".codes"), run.part("codes"), 1);
            byte[] stored = Truths.bytes(truth, label + ".dequantized");
            assertIdentical("decoded values", stored, Arrays.copyOf(run.decoded(), stored.length), 4);
            assertThat(CodecRun.sha256(run.decoded()))
                    .isEqualTo(Truths.json("quantization/fp8.json")
                            .path("cases")
                            .path(label)
                            .path("dequantized_sha256")
                            .textValue());
        }
    }
}
