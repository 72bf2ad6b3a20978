package io.modelassay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.Finding;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Quantized weights judged by value: artifacts that real tools wrote are left alone, broken twins are named. */
class WeightFindingsTest {
    private static final String ANY = "model\\.layers\\.0\\..*\\.";

    @TempDir
    Path folder;

    static List<String> variants() {
        return Fixtures.variants();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("variants")
    void whatRealToolsWroteIsLeftAlone(String variant) {
        List<String> found = found(Fixtures.path("quantized/" + variant), variant);
        if (variant.equals("gptq-v1-carry-bug")) {
            assertThat(found).contains("zero-point-carry");
        } else {
            assertThat(found).isEmpty();
        }
    }

    @Test
    void asymmetricZeroPointsReadInTheOtherFormatAreShifted() {
        String healthy = "gptq-v1-int4-g64-asym";
        Path broken = corruptor(healthy)
                .editConfig(config -> quantization(config).put("checkpoint_format", "gptq_v2"))
                .into(folder);
        assertThat(found(broken, healthy)).containsExactly("zero-point-shifted");
        Path other = corruptor("gptq-v2-int4-g64-asym")
                .named("other")
                .editConfig(config -> quantization(config).put("checkpoint_format", "gptq"))
                .into(folder);
        assertThat(found(other, "gptq-v2-int4-g64-asym")).containsExactly("zero-point-shifted");
    }

    @Test
    void codesThatAreNotInterleavedAreNamed() {
        Path broken = corruptor("awq-gemm-g64")
                .changeBytes(ANY + "q(weight|zeros)", words(WeightFindingsTest::plainOrder))
                .into(folder);
        assertThat(found(broken, "awq-gemm-g64")).containsExactly("nibbles-not-interleaved");
    }

    /** From the order 0 2 4 6 1 3 5 7 to 0 1 2 3 4 5 6 7. */
    private static int plainOrder(int word) {
        int[] nibbles = {0, 4, 1, 5, 2, 6, 3, 7};
        int plain = 0;
        for (int i = 0; i < 8; i++) {
            plain |= ((word >>> (4 * nibbles[i])) & 15) << (4 * i);
        }
        return plain;
    }

    @Test
    void swappedNibblesAreNamed() {
        Path broken = corruptor("bnb-nf4")
                .changeBytes(ANY + "(q_proj|down_proj)\\.weight", bytes -> {
                    for (int i = 0; i < bytes.length; i++) {
                        bytes[i] = (byte) (bytes[i] << 4 | (bytes[i] & 0xF0) >>> 4);
                    }
                    return bytes;
                })
                .into(folder);
        List<Finding> found = findings(broken, "bnb-nf4");
        assertThat(found).extracting(Finding::id).containsExactly("nibbles-swapped");
        assertThat(found.get(0).message()).contains("2 of 7 weights");
    }

    @Test
    void shuffledGroupsAreNamed() {
        Path actOrder = corruptor("gptq-int4-g32-actorder")
                .changeBytes(ANY + "down_proj\\.g_idx", WeightFindingsTest::reversed)
                .into(folder);
        assertThat(found(actOrder, "gptq-int4-g32-actorder")).containsExactly("g-idx-shuffled");
        Path ordered = corruptor("gptq-int4-g128")
                .changeBytes(ANY + "down_proj\\.g_idx", WeightFindingsTest::reversed)
                .into(folder);
        List<Finding> found = findings(ordered, "gptq-int4-g128");
        assertThat(found).extracting(Finding::id).contains("g-idx-shuffled");
        assertThat(found).extracting(Finding::subject).contains("model.layers.0.mlp.down_proj.g_idx");
    }

    private static byte[] reversed(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer out = ByteBuffer.allocate(bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = bytes.length - 4; i >= 0; i -= 4) {
            out.putInt(in.getInt(i));
        }
        return out.array();
    }

    @Test
    void scalesThatNoQuantizerWritesAreNamed() {
        String scales = "model.layers.0.mlp.down_proj.scales";
        assertThat(scaleFinding(c -> c.setInfinity(scales, 3)))
                .isEqualTo("scale-non-finite: " + scales + ": 1 of 1280 scales are NaN or infinite");
        assertThat(scaleFinding(c -> c.setValue(scales, 3, -0.01))).startsWith("scale-negative: " + scales);
        assertThat(scaleFinding(c -> c.setValue(scales, 3, 1e-6))).isEmpty();
        assertThat(scaleFinding(
                        c -> c.changeBytes("model\\.layers\\.0\\.mlp\\.down_proj\\.scales", words(word -> 0x00800080))))
                .startsWith("scale-subnormal: " + scales);
        assertThat(scaleFinding(c -> c.fill(scales, 1))).contains("scale-all-one: " + scales);
    }

    @Test
    void aLastGroupOfZerosIsNamed() {
        String scales = "model.layers.0.mlp.down_proj.scales";
        String finding = scaleFinding(c -> c.changeBytes("model\\.layers\\.0\\.mlp\\.down_proj\\.scales", bytes -> {
            Arrays.fill(bytes, bytes.length - 512, bytes.length, (byte) 0);
            return bytes;
        }));
        assertThat(finding)
                .isEqualTo("scale-zero: " + scales + ": 256 of 1280 scales are zero: their groups decode to zeros");
    }

    private String scaleFinding(UnaryOperator<Corruptor> defect) {
        Path broken = defect.apply(Corruptor.of(Fixtures.path("quantized/gptq-int4-g128")))
                .named("scales-" + System.nanoTime())
                .into(folder);
        try (ModelUnderTest model = ModelAssay.open(broken).load()) {
            return model.weightFindings().stream()
                    .map(finding -> finding.id() + ": " + finding.subject() + ": " + finding.message())
                    .findFirst()
                    .orElse("");
        }
    }

    @Test
    void aDeadAndAnExplodingModuleStandOutAmongTheirLike() {
        String dead = "model.layers.1.mlp.up_proj.weight";
        String loud = "model.layers.2.self_attn.o_proj.weight";
        Path broken = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .fill(dead, 0)
                .setValue(loud, 5, 3000)
                .into(folder);
        try (ModelUnderTest model = ModelAssay.open(broken).load()) {
            assertThat(model.weightFindings())
                    .extracting(Finding::id, Finding::subject)
                    .containsExactlyInAnyOrder(tuple("dead-module", dead), tuple("exploding-module", loud));
        }
        for (String model : List.of("tiny-llama", "tiny-mistral", "tiny-qwen2", "tiny-qwen3")) {
            try (ModelUnderTest healthy = ModelAssay.open(Fixtures.path(model)).load()) {
                assertThat(healthy.weightFindings()).isEmpty();
            }
        }
    }

    @Test
    void anotherModelIsUnlikeTheReference() {
        try (ModelUnderTest model = ModelAssay.open(Fixtures.path("quantized/gptq-int4-g32-actorder"))
                .against(Fixtures.path("tiny-mistral"))
                .load()) {
            assertThat(model.weightFindings()).extracting(Finding::id).containsExactly("weights-unlike-reference");
        }
    }

    private Corruptor corruptor(String variant) {
        return Corruptor.of(Fixtures.path("quantized/" + variant)).named(variant + "-broken");
    }

    private static ObjectNode quantization(ObjectNode config) {
        return (ObjectNode) config.get("quantization_config");
    }

    private static UnaryOperator<byte[]> words(IntUnaryOperator change) {
        return bytes -> {
            ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < bytes.length; i += 4) {
                buffer.putInt(i, change.applyAsInt(buffer.getInt(i)));
            }
            return bytes;
        };
    }

    private static List<String> found(Path artifact, String variant) {
        return findings(artifact, variant).stream().map(Finding::id).toList();
    }

    private static List<Finding> findings(Path artifact, String variant) {
        ModelAssay assay = ModelAssay.open(artifact);
        var base = Truths.variant(variant).path("base");
        try (ModelUnderTest model =
                (base.isTextual() ? assay.against(Fixtures.path(base.textValue())) : assay).load()) {
            return model.weightFindings();
        }
    }
}
