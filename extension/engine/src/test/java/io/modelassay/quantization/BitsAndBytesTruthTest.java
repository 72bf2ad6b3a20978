package io.modelassay.quantization;

import static io.modelassay.quantization.CodecRun.assertIdentical;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.quantization.CodecRun.Weight;
import io.modelassay.truth.Truths;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** NF4, FP4 and LLM.int8 against what the real bitsandbytes makes of the same weights, bit for bit. */
class BitsAndBytesTruthTest {
    static Stream<Arguments> cases() {
        return Stream.of("nf4", "fp4")
                .flatMap(kind -> Stream.of("ragged", "odd", "q_proj", "down_proj")
                        .flatMap(name -> Stream.of("f32", "bf16")
                                .flatMap(type ->
                                        Stream.of(false, true).map(nested -> Arguments.of(kind, name, type, nested)))));
    }

    @ParameterizedTest(name = "{0} of {1} in {2}, nested {3}")
    @MethodSource("cases")
    void codesScalesAndDecodedValuesAreThoseOfBitsAndBytes(String kind, String name, String type, boolean nested) {
        boolean real = isReal(name);
        // bf16 weights raised to float32 have one set of codes.
        String key = real ? name : name + "." + type;
        Quantization plain = kind.equals("nf4") ? Quantization.nf4() : Quantization.fp4();
        try (Checkpoint truth = Truths.tensors("quantization/bnb-" + kind + ".safetensors");
                CodecRun run = CodecRun.of(nested ? plain.doubleQuantized() : plain, weight(name, type))) {
            if (nested) {
                assertIdentical("nested map", Truths.bytes(truth, "nested_quant_map"), run.part("nested_quant_map"), 4);
                assertIdentical(
                        "nested offset",
                        Truths.bytes(truth, key + ".nested.nested_offset"),
                        run.part("nested_offset"),
                        4);
                assertIdentical(
                        "nested absmax",
                        Truths.bytes(truth, key + ".nested.nested_absmax"),
                        run.part("nested_absmax"),
                        4);
                assertIdentical("absmax codes", Truths.bytes(truth, key + ".nested.absmax"), run.part("absmax"), 1);
            } else {
                assertIdentical("absmax", Truths.bytes(truth, key + ".absmax"), run.part("absmax"), 4);
            }
            assertIdentical("packed codes", Truths.bytes(truth, key + ".packed"), run.part("packed"), 1);

            String label = name + "." + type + (nested ? ".nested" : "");
            int width = type.equals("f32") ? 4 : 2;
            byte[] decoded = withoutNegativeZeros(width == 4 ? run.decoded() : run.decodedToBf16(), width);
            byte[] stored = withoutNegativeZeros(Truths.bytes(truth, label + ".dequantized"), width);
            assertIdentical("decoded values", stored, Arrays.copyOf(decoded, stored.length), width);
            assertThat(CodecRun.sha256(decoded))
                    .isEqualTo(report(kind, label).path("dequantized_sha256").textValue());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nf4", "fp4"})
    void codebookIsThatOfBitsAndBytes(String kind) {
        Quantization quantization = kind.equals("nf4") ? Quantization.nf4() : Quantization.fp4();
        try (Checkpoint truth = Truths.tensors("quantization/bnb-" + kind + ".safetensors")) {
            // A block of 16 codes 0 to 15 under the scale 1 decodes to the codebook.
            assertIdentical("codebook", Truths.bytes(truth, "quant_map"), CodecRun.everyFourBitCode(quantization), 4);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ragged", "odd", "q_proj", "down_proj"})
    void int8CodesAndScalesAreThoseOfInt8Params(String name) {
        try (Checkpoint truth = Truths.tensors("quantization/bnb-int8.safetensors");
                CodecRun run = CodecRun.of(Quantization.llmInt8(), weight(name, "f32"))) {
            assertIdentical("SCB", Truths.bytes(truth, name + ".SCB"), run.part("absmax"), 4);
            assertIdentical("CB", Truths.bytes(truth, name + ".CB"), run.part("codes"), 1);
            byte[] stored = Truths.bytes(truth, name + ".dequantized");
            assertIdentical("decoded values", stored, Arrays.copyOf(run.decoded(), stored.length), 4);
            assertThat(CodecRun.sha256(run.decoded()))
                    .isEqualTo(report("int8", name).path("dequantized_sha256").textValue());
        }
    }

    private static JsonNode report(String kind, String label) {
        return Truths.json("quantization/bnb.json").path("cases").path(kind).path(label);
    }

    private static boolean isReal(String name) {
        return List.of("q_proj", "down_proj").contains(name);
    }

    private static Weight weight(String name, String type) {
        if (isReal(name)) {
            return CodecRun.real(name);
        }
        Weight input = CodecRun.input(name);
        return type.equals("f32") ? input : input.roundedToBf16();
    }

    /**
     * The sign of a zero is left out: bitsandbytes decodes FP4's code 8 to -0 on some paths and to 0, as its own codebook
     * says, on others.
     */
    private static byte[] withoutNegativeZeros(byte[] bytes, int width) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes.clone()).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < bytes.length; at += width) {
            if (width == 4 && buffer.getInt(at) == 0x80000000) {
                buffer.putInt(at, 0);
            } else if (width == 2 && buffer.getShort(at) == (short) 0x8000) {
                buffer.putShort(at, (short) 0);
            }
        }
        return buffer.array();
    }
}
