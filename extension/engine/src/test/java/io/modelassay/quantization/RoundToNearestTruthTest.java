package io.modelassay.quantization;

import static io.modelassay.quantization.CodecRun.assertIdentical;
import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.quantization.CodecRun.Weight;
import io.modelassay.truth.Truths;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** RTN against the published formulas in numpy, bit for bit; {@code ragged} has a short last group and all-zero groups. */
class RoundToNearestTruthTest {
    static Stream<Arguments> cases() {
        return Stream.of("ragged", "down_proj")
                .flatMap(name -> Stream.of(8, 4, 3, 2)
                        .flatMap(bits -> Stream.of(true, false)
                                .flatMap(symmetric -> Stream.of(128, Quantization.PER_CHANNEL)
                                        .map(group -> Arguments.of(name, bits, symmetric, group)))));
    }

    @ParameterizedTest(name = "{0}, int{1}, symmetric {2}, group {3}")
    @MethodSource("cases")
    void codesScalesZerosAndDecodedValuesAreThoseOfNumpy(String name, int bits, boolean symmetric, int group) {
        // Of down_proj the truth holds the first 32 rows.
        Weight weight = name.equals("ragged")
                ? CodecRun.input(name)
                : CodecRun.real(name).firstRows(32);
        Quantization plain = Quantization.rtn(bits, group);
        String label = name + ".int" + bits + (symmetric ? ".sym." : ".asym.") + (group == 128 ? "g128" : "channel");
        try (Checkpoint truth = Truths.tensors("quantization/rtn.safetensors");
                CodecRun run = CodecRun.of(symmetric ? plain : plain.asymmetric(), weight)) {
            assertThat(run.shape("scales"))
                    .isEqualTo(truth.tensor(label + ".scales").shape());
            assertIdentical("scales", Truths.bytes(truth, label + ".scales"), run.part("scales"), 4);
            assertIdentical("zeros", Truths.bytes(truth, label + ".zeros"), run.part("zeros"), 4);
            assertIdentical("codes", Truths.bytes(truth, label + ".codes"), run.part("codes"), 1);
            if (name.equals("ragged")) {
                assertIdentical("decoded values", Truths.bytes(truth, label + ".dequantized"), run.decoded(), 4);
            }
            assertThat(CodecRun.sha256(run.decoded()))
                    .isEqualTo(Truths.json("quantization/rtn.json")
                            .path("cases")
                            .path(label)
                            .path("dequantized_sha256")
                            .textValue());
        }
    }
}
