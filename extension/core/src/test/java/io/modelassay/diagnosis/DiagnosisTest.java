package io.modelassay.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.conversion.Padding;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantizer.Calibration;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each cause on a fixture that has it, and on one that looks alike and has it not. */
class DiagnosisTest {
    private static final Path QWEN = Fixtures.path("tiny-qwen2");
    private static final Path LLAMA = Fixtures.path("tiny-llama");
    private static final Calibration CALIBRATION = new Calibration(
            "two windows",
            List.of(new int[] {300, 7, 9, 11, 12, 13, 14, 15}, new int[] {300, 7, 42, 9, 20, 21, 22, 23}));
    private static final Text TEXT = Text.ofString(Fixtures.text("held-out.txt").substring(0, 1500));

    @TempDir
    private Path folder;

    private static Diagnosis diagnosis(Path model) {
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            return Diagnosis.of(checkpoint, CALIBRATION);
        }
    }

    private static List<String> causes(Diagnosis diagnosis, Procedure procedure, int bits, int groupSize, DType dtype) {
        return diagnosis.findings(new Setting(procedure, bits, groupSize, dtype)).stream()
                .map(Finding::id)
                .distinct()
                .toList();
    }

    private static List<String> subjects(Diagnosis diagnosis, String id) {
        return diagnosis.findings().stream()
                .filter(finding -> finding.id().equals(id))
                .map(Finding::subject)
                .toList();
    }

    /** Changes bf16 values, given their row-major index. */
    private static UnaryOperator<byte[]> values(ValueChange change) {
        return bytes -> {
            ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < bytes.length / 2; i++) {
                float value = Float.intBitsToFloat(buffer.getShort(2 * i) << 16);
                buffer.putShort(2 * i, (short) (Float.floatToRawIntBits(change.of(i, value)) >>> 16));
            }
            return bytes;
        };
    }

    private interface ValueChange {
        float of(int index, float value);
    }

    /** Gives 128 input channels of row 5 of a down_proj of 640 the magnitude {@code size}. */
    private Path withGroup(float size) {
        return Corruptor.of(QWEN)
                .named("group-" + size)
                .changeBytes(
                        "model\\.layers\\.1\\.mlp\\.down_proj\\.weight",
                        values((i, value) ->
                                i >= 5 * 640 + 128 && i < 5 * 640 + 256 ? Math.copySign(size, value) : value))
                .into(folder);
    }

    @Test
    void aGroupOfZeros() {
        Diagnosis diagnosis = diagnosis(withGroup(0));
        assertThat(diagnosis.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("all-zero-group");
            assertThat(finding.severity()).isEqualTo(Severity.WARNING);
            assertThat(finding.subject()).isEqualTo("model.layers.1.mlp.down_proj");
            assertThat(finding.message()).startsWith("Groups of zeros: 4 of 32, 2 of 64, 1 of 128. ");
        });
        assertThat(causes(diagnosis, Procedure.AUTOAWQ_BEFORE_0_2_6, 4, 128, DType.FP32))
                .containsExactly("all-zero-group");
        assertThat(causes(diagnosis, Procedure.AUTOAWQ, 4, 128, DType.FP16)).isEmpty();
        assertThat(causes(diagnosis, Procedure.GPTQ, 4, 128, DType.FP16)).isEmpty();
    }

    @Test
    void autoAwqDividesByNoGroupOfAnOutputProjectionWithSharedHeads() {
        Path model = Corruptor.of(QWEN)
                .named("output")
                .changeBytes(
                        "model\\.layers\\.1\\.self_attn\\.o_proj\\.weight", values((i, value) -> i < 128 ? 0 : value))
                .into(folder);
        assertThat(diagnosis(model).findings()).isEmpty();
    }

    @Test
    void aGroupThatUnderflows() {
        Diagnosis diagnosis = diagnosis(withGroup(1e-9f));
        assertThat(diagnosis.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("underflowing-group");
            assertThat(finding.severity()).isEqualTo(Severity.WARNING);
            assertThat(finding.subject()).isEqualTo("model.layers.1.mlp.down_proj");
            assertThat(finding.message()).endsWith("wholly 0 in float16: 4 of 32, 2 of 64, 1 of 128");
        });
        assertThat(causes(diagnosis, Procedure.AUTOAWQ_BEFORE_0_2_6, 4, 64, DType.FP16))
                .containsExactly("underflowing-group");
        assertThat(causes(diagnosis, Procedure.AUTOAWQ_BEFORE_0_2_6, 4, 64, DType.BF16))
                .isEmpty();
        assertThat(causes(diagnosis, Procedure.AUTOAWQ, 4, 64, DType.FP16)).isEmpty();
        assertThat(causes(diagnosis, Procedure.GPTQ, 4, 64, DType.FP32)).containsExactly("underflowing-group");
        assertThat(causes(diagnosis, Procedure.GPTQ, 4, Setting.PER_CHANNEL, DType.FP32))
                .isEmpty();
        assertThat(causes(diagnosis, Procedure.ROUND_TO_NEAREST, 4, 64, DType.FP32))
                .isEmpty();
    }

    @Test
    void scalesUnderflowByTheirBits() {
        // 2 * 5e-7 / 15 is 6.7e-8 and the smallest float16 6e-8; 2 * 5e-7 / 255 is 4e-9.
        Diagnosis diagnosis = diagnosis(withGroup(5e-7f));
        assertThat(causes(diagnosis, Procedure.GPTQ, 4, 64, DType.FP32)).isEmpty();
        assertThat(causes(diagnosis, Procedure.GPTQ, 8, 64, DType.FP32)).containsExactly("underflowing-group");
    }

    @Test
    void aGroupOfSmallValues() {
        assertThat(diagnosis(withGroup(1e-4f)).findings()).isEmpty();
    }

    /** One channel's activations grow by a power of two, and the weights that take them shrink by it: the same model. */
    private Path withChannel(String name, float factor) {
        return Corruptor.of(QWEN)
                .named(name)
                .changeBytes(
                        "model\\.layers\\.2\\.input_layernorm\\.weight",
                        values((i, value) -> i == 7 ? value * factor : value))
                .changeBytes(
                        "model\\.layers\\.2\\.self_attn\\.[qkv]_proj\\.weight",
                        values((i, value) -> i % 256 == 7 ? value / factor : value))
                .into(folder);
    }

    @Test
    void aMeanThatOverflows() {
        Path model = withChannel("overflowing", 0x1p20f);
        Diagnosis diagnosis = diagnosis(model);
        assertThat(diagnosis.findings())
                .extracting(Finding::id, Finding::severity, Finding::subject)
                .containsExactly(
                        tuple("overflowing-activation", Severity.WARNING, "model.layers.2.input_layernorm"),
                        tuple("overflowing-activation-mean", Severity.WARNING, "model.layers.2.input_layernorm"));
        assertThat(causes(diagnosis, Procedure.AUTOAWQ_BEFORE_0_2_6, 4, 128, DType.FP16))
                .containsExactly("overflowing-activation", "overflowing-activation-mean");
        assertThat(causes(diagnosis, Procedure.AUTOAWQ_BEFORE_0_2_6, 4, 128, DType.BF16))
                .isEmpty();
        assertThat(diagnosis.passes()).allSatisfy(pass -> {
            assertThat(pass.beyondHalf()).hasValueSatisfying(place -> {
                assertThat(place.module()).isEqualTo("model.layers.2.input_layernorm");
                assertThat(place.channel()).isEqualTo(7);
            });
            assertThat(pass.nonFinite().isPresent()).isEqualTo(pass.dtype() == DType.FP16);
        });
        assertThat(diagnosis.layers().get(2).headRoomBits()).isNegative();
        assertThat(perplexity(model)).isEqualTo(perplexity(QWEN), within(1e-3));
    }

    @Test
    void largeActivationsWithinRange() {
        Diagnosis diagnosis = diagnosis(withChannel("large", 0x1p12f));
        assertThat(diagnosis.findings()).isEmpty();
        assertThat(diagnosis.layers().get(2).headRoomBits()).isBetween(0.0, 5.0);
    }

    private static double perplexity(Path model) {
        try (ModelUnderTest loaded =
                ModelAssay.open(model).on(Device.CPU).computingIn(DType.FP32).load()) {
            return loaded.perplexity(TEXT).value();
        }
    }

    @Test
    void channelsOfPadding() {
        Path interleaved = padded("interleaved", Padding.to(768).interleaved());
        Diagnosis diagnosis = diagnosis(interleaved);
        assertThat(subjects(diagnosis, "padded-dead-channel"))
                .containsExactly(
                        "model.layers.0.mlp", "model.layers.1.mlp", "model.layers.2.mlp", "model.layers.3.mlp");
        assertThat(diagnosis.findings().stream().filter(it -> it.id().equals("padded-dead-channel")))
                .allSatisfy(it -> assertThat(it.message())
                        .startsWith("128 of 768 channels, the first 1, meet weights of zeros only; 128 of them "));
        // Rows of zeros are groups of zeros; columns among others are none.
        assertThat(subjects(diagnosis, "all-zero-group")).hasSize(8).noneMatch(it -> it.endsWith("down_proj"));
        assertThat(causes(diagnosis, Procedure.AUTOAWQ_BEFORE_0_2_6, 4, 128, DType.FP32))
                .contains("padded-dead-channel");
        assertThat(causes(diagnosis, Procedure.AUTOAWQ, 4, 128, DType.FP16)).isEmpty();
        assertThat(causes(diagnosis, Procedure.GPTQ, 4, 128, DType.FP16)).isEmpty();

        Diagnosis appended = diagnosis(padded("appended", Padding.to(768).appended()));
        assertThat(subjects(appended, "all-zero-group")).contains("model.layers.0.mlp.down_proj");
    }

    @Test
    void channelsThatGroupsDoNotDivide() {
        Diagnosis diagnosis = diagnosis(padded("ragged", Padding.to(672).interleaved()));
        assertThat(subjects(diagnosis, "indivisible-group")).hasSize(4).allMatch(it -> it.endsWith(".mlp.down_proj"));
        assertThat(causes(diagnosis, Procedure.AUTOAWQ, 4, 128, DType.FP16)).containsExactly("indivisible-group");
        assertThat(causes(diagnosis, Procedure.AUTOAWQ, 4, 32, DType.FP16)).isEmpty();
        assertThat(causes(diagnosis, Procedure.GPTQ, 4, 128, DType.FP16)).isEmpty();
    }

    private Path padded(String name, Padding padding) {
        Path out = folder.resolve(name);
        try (Checkpoint checkpoint = Checkpoint.open(QWEN)) {
            padding.write(checkpoint, out);
        }
        return out;
    }

    /**
     * The slowest pair of rotary channels hardly turns within a text, so what its biases add is the same for every key, and
     * softmax takes no notice; but of what the key's weights add there, which is made small.
     */
    private Path withBias(String name, float size) {
        Corruptor model = Corruptor.of(QWEN)
                .named(name)
                .changeBytes(
                        "model\\.layers\\.0\\.self_attn\\.k_proj\\.weight",
                        values((i, value) -> i / 256 == 31 ? value * 0x1p-10f : value));
        for (String projection : List.of("q", "k")) {
            model = model.setValue("model.layers.0.self_attn." + projection + "_proj.bias", 31, size);
        }
        return model.into(folder);
    }

    @Test
    void biasesThatOverflowScores() {
        Path model = withBias("biased", 400);
        Diagnosis diagnosis = diagnosis(model);
        assertThat(subjects(diagnosis, "large-qk-bias")).containsExactly("model.layers.0.self_attn");
        assertThat(causes(diagnosis, Procedure.GPTQ, 4, 128, DType.FP16)).contains("large-qk-bias");
        assertThat(causes(diagnosis, Procedure.GPTQ, 4, 128, DType.FP32)).isEmpty();
        AttentionScores scores = diagnosis.attentionScores().get(0);
        assertThat(scores.largest()).isBetween(1.5e5, 1.8e5);
        assertThat(scores.queryBias()).isEqualTo(400);
        assertThat(perplexity(model) / perplexity(QWEN)).isBetween(0.9, 1.1);
    }

    @Test
    void biasesThatCoarsenScores() {
        Diagnosis diagnosis = diagnosis(withBias("coarse", 150));
        assertThat(diagnosis.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("large-qk-bias");
            assertThat(finding.severity()).isEqualTo(Severity.INFO);
            assertThat(finding.message()).contains("moves the logit by 1.000 nats");
        });
        assertThat(diagnosis(withBias("smaller", 40)).findings()).isEmpty();
    }

    @Test
    void anInfiniteScale() {
        Path model = Corruptor.of(Fixtures.path("quantized/gptq-int4-g128"))
                .named("infinite-scale")
                .setInfinity("model.layers.1.mlp.down_proj.scales", 3)
                .into(folder);
        Diagnosis diagnosis = diagnosis(model);
        assertThat(diagnosis.findings())
                .filteredOn(finding -> finding.id().equals("scale-non-finite"))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(Severity.ERROR);
                    assertThat(finding.subject()).isEqualTo("model.layers.1.mlp.down_proj.scales");
                });
        assertThat(subjects(diagnosis, "overflowing-activation")).containsExactly("model.layers.1.mlp.down_proj");
    }

    @ParameterizedTest
    @CsvSource({"tiny-qwen2", "tiny-llama"})
    void aTokenWithoutFiniteEmbedding(String fixture) {
        Path model = Corruptor.of(Fixtures.path(fixture))
                .named("one-nan")
                .setNaN("model.embed_tokens.weight", 42 * 256 + 3)
                .into(folder);
        Diagnosis diagnosis = diagnosis(model);
        assertThat(diagnosis.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("non-finite-calibration");
            assertThat(finding.severity()).isEqualTo(Severity.ERROR);
            assertThat(finding.message())
                    .isEqualTo("The embedding of token id 42 is not finite in channel 3; the calibration reaches it in"
                            + " window 1, position 2");
        });
        assertThat(diagnosis.settings().values())
                .allSatisfy(causes -> assertThat(causes).containsExactly("non-finite-calibration"));
    }

    @Test
    void aTokenThatTheCalibrationDoesNotReach() {
        Path model = Corruptor.of(LLAMA)
                .named("unreached")
                .setNaN("model.embed_tokens.weight", 1999 * 256)
                .into(folder);
        assertThat(diagnosis(model).findings()).isEmpty();
    }

    @Test
    void aWeightBeyondHalf() {
        Path model = Corruptor.of(QWEN)
                .named("huge")
                .setValue("model.layers.3.mlp.up_proj.weight", 11, 70000)
                .into(folder);
        Diagnosis diagnosis = diagnosis(model);
        assertThat(subjects(diagnosis, "overflowing-weight")).containsExactly("model.layers.3.mlp.up_proj");
        assertThat(causes(diagnosis, Procedure.GPTQ, 4, 128, DType.BF16)).isEmpty();
    }

    @Test
    void whatIsNotMeasuredIsNotJudged() {
        try (Checkpoint checkpoint = Checkpoint.open(QWEN)) {
            assertThatThrownBy(() -> Diagnosis.of(checkpoint, Calibration.NONE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("The calibration no calibration has no tokens");
        }
        assertThatThrownBy(() -> new Setting(Procedure.AUTOAWQ, 3, 128, DType.FP16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("AutoAWQ from 0.2.6 has no 3 bits");
        Diagnosis diagnosis = diagnosis(QWEN);
        assertThatThrownBy(() -> diagnosis.findings(new Setting(Procedure.GPTQ, 4, 96, DType.FP16)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Groups of 96 are not measured");
        assertThat(Arrays.stream(Procedure.values()).map(Procedure::id).map(Procedure::named))
                .containsExactly(Procedure.values());
    }
}
