package io.modelassay.inspection;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.conversion.Padding;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.truth.PackedTwin;
import io.modelassay.truth.PackedTwin.Widening;
import io.modelassay.truth.SmallCheckpoint;
import io.modelassay.values.DecodedPadding;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every state of padding that is right, that is wrong, and that only looks like one. */
class PaddingReportTest {
    private static final Path MODEL = Fixtures.path("tiny-qwen2");
    private static final String CONFIG = """
            {"model_type": "llama", "hidden_size": 64, "intermediate_size": 32, "num_attention_heads": 4,
             "num_hidden_layers": 3, "vocab_size": 8}""";

    @TempDir
    Path folder;

    private static PaddingReport report(Path model) {
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            return DecodedPadding.of(
                    checkpoint, StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config())));
        }
    }

    private static List<String> ids(PaddingReport report) {
        return report.findings().stream().map(Finding::id).distinct().toList();
    }

    private static List<String> inspected(Path model) {
        return Inspection.of(model).findings().stream()
                .map(Finding::id)
                .filter(id -> id.startsWith("padd"))
                .distinct()
                .toList();
    }

    private Path padded(Padding padding) {
        Path out = folder.resolve("padded");
        try (Checkpoint checkpoint = Checkpoint.open(MODEL)) {
            padding.write(checkpoint, out);
        }
        return out;
    }

    private static void isPadded(Path model, PaddingOrder order, int channels) {
        PaddingReport report = report(model);
        assertThat(ids(report)).containsExactly("padded");
        assertThat(report.isPadded()).isTrue();
        assertThat(report.order()).contains(order);
        assertThat(report.channels()).isEqualTo(channels);
        assertThat(report.intermediateSize()).isEqualTo(768);
        assertThat(report.defects()).isEmpty();
    }

    private static void isNotPadded(Path model) {
        PaddingReport report = report(model);
        assertThat(report.findings()).isEmpty();
        assertThat(report.isPadded()).isFalse();
        assertThat(report.order()).isEmpty();
        assertThat(inspected(model)).isEmpty();
    }

    private static void isWrong(Path model, String id, String evidence) {
        PaddingReport report = report(model);
        assertThat(ids(report)).containsExactly(id);
        assertThat(report.isPadded()).isFalse();
        assertThat(report.findings().get(0).message()).contains(evidence);
        assertThat(report.findings().get(0).severity()).isEqualTo(Finding.Severity.ERROR);
        assertThat(inspected(model)).containsExactly(id);
    }

    @ParameterizedTest
    @EnumSource(
            value = PaddingOrder.class,
            names = {"APPENDED", "INTERLEAVED"})
    void paddedBeforeQuantization(PaddingOrder order) {
        boolean appended = order == PaddingOrder.APPENDED;
        Path padded = padded(appended ? Padding.to(768).appended() : Padding.to(768));
        isPadded(padded, order, 128);
        assertThat(inspected(padded)).containsExactly("padded");
        isPadded(PackedTwin.gptq(padded, folder.resolve("gptq"), false), order, 128);
        isPadded(PackedTwin.gptq(padded, folder.resolve("gptq-act-order"), true), order, 128);
        isPadded(PackedTwin.awq(padded, folder.resolve("awq")), order, 128);
        assertThat(inspected(folder.resolve("gptq"))).isEmpty();
        assertThat(inspected(folder.resolve("gptq-act-order"))).isEmpty();
        assertThat(inspected(folder.resolve("awq"))).isEmpty();
    }

    @Test
    void notPaddedAtAll() {
        isNotPadded(MODEL);
        isNotPadded(Fixtures.path("tiny-llama"));
        isNotPadded(PackedTwin.gptq(MODEL, folder.resolve("gptq"), false));
        isNotPadded(PackedTwin.gptq(MODEL, folder.resolve("gptq-act-order"), true));
        isNotPadded(PackedTwin.awq(MODEL, folder.resolve("awq")));
    }

    static List<String> variants() {
        return Fixtures.variants();
    }

    @ParameterizedTest
    @MethodSource("variants")
    void whatQuantizersWroteIsNotPadded(String variant) {
        isNotPadded(Fixtures.path("quantized/" + variant));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ZERO_SCALES | columns of 768 of scales are zero",
                "ANY_SCALES  | (0 - zero point) * scale, not to 0",
                "SHORT_G_IDX | g_idx has 640 entries, qweight [96, 256] has words for 768 input channels",
                "STALE_G_IDX | g_idx names groups up to 4, scales have 6"
            })
    void gptqPaddedAfterQuantization(Widening how, String evidence) {
        Path broken = PackedTwin.gptqWidened(MODEL, folder.resolve("broken"), 768, how);
        isWrong(broken, "padded-after-quantization", "");
        assertThat(report(broken).findings())
                .hasSize(2)
                .anySatisfy(finding -> assertThat(finding.message()).contains(evidence));
        assertThat(report(broken).findings()).extracting(Finding::subject).contains("model.layers.0.mlp.down_proj");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void awqPaddedAfterQuantization(boolean zeroScales) {
        Path broken = PackedTwin.awqWidened(MODEL, folder.resolve("broken"), 768, zeroScales);
        isWrong(broken, "padded-after-quantization", zeroScales ? "of scales are zero" : "(0 - zero point) * scale");
    }

    @Test
    void configNotUpdated() {
        Path padded = padded(Padding.to(768));
        isWrong(
                Corruptor.of(padded)
                        .editConfig(config -> config.put("intermediate_size", 640))
                        .into(folder),
                "padding-config-not-updated",
                "768 channels, config.json says intermediate_size 640");
        Path gptq = PackedTwin.gptq(padded, folder.resolve("gptq"), false);
        isWrong(
                Corruptor.of(gptq)
                        .editConfig(config -> config.put("intermediate_size", 640))
                        .into(folder),
                "padding-config-not-updated",
                "768 channels, config.json says intermediate_size 640");
    }

    @Test
    void configUpdatedAndWeightsNot() {
        isWrong(
                Corruptor.of(MODEL)
                        .editConfig(config -> config.put("intermediate_size", 768))
                        .into(folder),
                "padding-weights-missing",
                "intermediate_size 768, but the MLPs have 640");
        Path gptq = PackedTwin.gptq(MODEL, folder.resolve("gptq"), false);
        isWrong(
                Corruptor.of(gptq)
                        .editConfig(config -> config.put("intermediate_size", 768))
                        .into(folder),
                "padding-weights-missing",
                "intermediate_size 768, but the MLPs have 640");
    }

    @Test
    void aSizeUnderAnotherKey() {
        Path padded = padded(Padding.to(768));
        isWrong(
                Corruptor.of(padded)
                        .editConfig(
                                config -> config.put("intermediate_size", 640).put("hidden_size", 768))
                        .into(folder),
                "padding-wrong-key",
                "but hidden_size 768");
        isWrong(
                Corruptor.of(padded)
                        .named("other-key")
                        .editConfig(
                                config -> config.put("intermediate_size", 640).put("moe_intermediate_size", 768))
                        .into(folder),
                "padding-wrong-key",
                "but moe_intermediate_size 768");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gate_proj", "up_proj", "down_proj"})
    void oneProjectionLeftOut(String projection) {
        SmallCheckpoint partial = new SmallCheckpoint(CONFIG).mlps("model.", 3, 32);
        for (int i = 0; i < 3; i++) {
            boolean down = projection.equals("down_proj");
            partial.tensor("model.layers." + i + ".mlp." + projection + ".weight", down ? 64 : 24, down ? 24 : 64);
        }
        isWrong(
                partial.into(folder.resolve("partial")),
                "padding-partial",
                "3 projections, this one first, have 24 channels where the others have 32");
    }

    @Test
    void oneLayerLeftOut() {
        isWrong(
                new SmallCheckpoint(CONFIG)
                        .mlps("model.", 3, 32)
                        .mlps("model.", 1, 24)
                        .into(folder.resolve("partial")),
                "padding-partial",
                "3 projections, this one first, have 24 channels");
    }

    private Path zeros(int layers, IntPredicate gate, IntPredicate up, IntPredicate down) {
        SmallCheckpoint model = new SmallCheckpoint(CONFIG).mlps("model.", layers, 32);
        for (int i = 0; i < layers; i++) {
            String mlp = "model.layers." + i + ".mlp.";
            model.zeroRows(mlp + "gate_proj.weight", gate)
                    .zeroRows(mlp + "up_proj.weight", up)
                    .zeroColumns(mlp + "down_proj.weight", down);
        }
        return model.into(folder.resolve("zeros-" + layers));
    }

    @Test
    void ordersThatDiffer() {
        isWrong(
                zeros(3, j -> j < 16 && j % 2 == 1, j -> j < 16 && j % 2 == 1, j -> j >= 24),
                "padding-orders-differ",
                "gate_proj 8 interleaved, up_proj 8 interleaved, down_proj 8 appended");
    }

    @Test
    void zerosInSomeProjectionsOnly() {
        isWrong(
                zeros(3, j -> j >= 24, j -> j >= 24, j -> j == 5),
                "padding-partial",
                "gate_proj 8 appended, up_proj 8 appended, down_proj 1 scattered");
    }

    @Test
    void deadChannelsOfAModelsOwnAreNoPadding() {
        isNotPadded(zeros(3, j -> j % 11 == 3, j -> j == 7, j -> j == 3));
        isNotPadded(zeros(2, j -> j == 31, j -> j == 31, j -> j == 31));
        isNotPadded(zeros(1, j -> j % 3 == 0, j -> j % 3 == 0, j -> j % 3 == 0));
    }

    @Test
    void deadMlpsAreNoPadding() {
        isNotPadded(zeros(3, j -> true, j -> true, j -> true));
        isNotPadded(zeros(2, j -> false, j -> true, j -> false));
    }

    @Test
    void paddedInAnOrderOfItsOwn() {
        PaddingReport report = report(zeros(3, j -> j % 4 == 0, j -> j % 4 == 0, j -> j % 4 == 0));
        assertThat(report.order()).contains(PaddingOrder.OTHER);
        assertThat(report.channels()).isEqualTo(8);
        assertThat(report.isPadded()).isTrue();
    }

    @Test
    void sizesThatDifferByLessThanPaddingAreAnotherMistake() {
        PaddingReport report = report(new SmallCheckpoint(CONFIG)
                .mlps("model.", 2, 32)
                .tensor("model.layers.1.mlp.down_proj.weight", 64, 28)
                .into(folder.resolve("odd")));
        assertThat(report.findings()).isEmpty();
        assertThat(report.isPadded()).isFalse();
    }

    @Test
    void layersOfSeveralSizesByDesignAreNoPadding() {
        SmallCheckpoint listed = new SmallCheckpoint("""
                {"model_type": "novel", "hidden_size": 64, "intermediate_size": [24, 32, 32]}""");
        isNotPadded(listed.mlps("model.", 3, 32).mlps("model.", 1, 24).into(folder.resolve("listed")));
        SmallCheckpoint experts = new SmallCheckpoint("""
                {"model_type": "novel", "hidden_size": 64, "intermediate_size": 16, "intermediate_size_mlp": 32,
                 "num_local_experts": 16}""");
        isNotPadded(experts.mlps("model.", 3, 32).into(folder.resolve("experts")));
    }

    @Test
    void withoutKnownMlpsNothingIsLookedAt() {
        PaddingReport report = report(new SmallCheckpoint(CONFIG)
                .tensor("model.layers.0.mlp.fc1.weight", 24, 64)
                .into(folder.resolve("other")));
        assertThat(report.mlps()).isZero();
        assertThat(report.findings()).isEmpty();
    }
}
