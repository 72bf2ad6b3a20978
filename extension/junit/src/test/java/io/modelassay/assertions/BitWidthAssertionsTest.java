package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;

import io.modelassay.ModelUnderTest;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Errors of weights over bit widths: modules that more bits do not serve, and such that look as if. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BitWidthAssertionsTest {
    private static final String DOWN = "model.layers.1.mlp.down_proj.weight";

    private final Path folder;
    private final Models models;

    BitWidthAssertionsTest(@TempDir Path folder) {
        this.folder = folder;
        this.models = new Models(folder.resolve("cache"));
    }

    @AfterAll
    void close() {
        models.close();
    }

    private ModelUnderTest open(String name, UnaryOperator<Corruptor> change) {
        return models.open(change.apply(Corruptor.of(Models.LLAMA).named(name)).into(folder));
    }

    private static Quantization[] widths(IntFunction<Quantization> method) {
        return IntStream.of(2, 3, 4, 8).mapToObj(method).toArray(Quantization[]::new);
    }

    private static Quantization[] roundToNearest() {
        return widths(bits -> Quantization.rtn(bits, 64));
    }

    /** The same for the one module that is changed here. */
    private static Quantization[] ofDown(Quantization... widths) {
        return Stream.of(widths)
                .map(width -> width.keep(
                        "*.self_attn",
                        "*.gate_proj",
                        "*.up_proj",
                        "model.layers.0",
                        "model.layers.2",
                        "model.layers.3"))
                .toArray(Quantization[]::new);
    }

    static Stream<Named<Quantization[]>> methods() {
        return Stream.of(
                Named.of("RTN", roundToNearest()),
                Named.of("RTN per channel", widths(bits -> Quantization.rtn(bits, -1))),
                Named.of(
                        "RTN with zero points",
                        widths(bits -> Quantization.rtn(bits, 128).asymmetric())),
                Named.of("HQQ", widths(bits -> Quantization.hqq(bits, 64))),
                Named.of("bitsandbytes", new Quantization[] {Quantization.nf4(), Quantization.llmInt8()}));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void errorsOfTrainedModelsFall(Quantization... widths) {
        assertThat(models.open(Models.LLAMA)).hasErrorFallingWithBits(widths);
        assertThat(models.lastFigure().origin().toString()).startsWith("28 modules, ");
    }

    @Test
    void aQuantizedModelIsJudgedByItsReference() {
        assertThat(models.open(Models.QWEN, m -> m.quantize(Quantization.nf4())))
                .hasErrorFallingWithBits(roundToNearest());
    }

    @Test
    void weightsThatLieOnAGridNeedNotFall() {
        assertThat(open("zero", copy -> copy.fill(DOWN, 0))).hasErrorFallingWithBits(roundToNearest());
        ModelUnderTest constant = open("constant", copy -> copy.fill(DOWN, 0.01));
        assertThat(constant).hasErrorFallingWithBits(roundToNearest());
        assertThat(constant).hasErrorFallingWithBits(ofDown(widths(bits -> Quantization.hqq(bits, 64))));
    }

    @Test
    void weightsThatAreNotFiniteAreNamed() {
        ModelUnderTest broken =
                open("broken", copy -> copy.setNaN(DOWN, 17).setInfinity("model.layers.2.self_attn.q_proj.weight", 3));
        Golden.fails(() -> assertThat(broken).hasErrorFallingWithBits(roundToNearest()), folder, """
                Expecting model <broken> to have weight errors that fall with the bits of int2 g64 RTN, int3 g64 RTN, int4 g64 RTN, int8 g64 RTN
                but those of 2 of 28 modules do not (share of the squared weight that is lost):
                  model.layers.1.mlp.down_proj: NaN at 2 bits, NaN at 3 bits, NaN at 4 bits, NaN at 8 bits
                  model.layers.2.self_attn.q_proj: NaN at 2 bits, NaN at 3 bits, NaN at 4 bits, NaN at 8 bits
                  FOLDER/broken
                Try: hasOnlyFiniteWeights(), then survivesQuantization(…), which tells of scales that overflow or vanish in float16
                """);
        assertThat(models.lastFigure().value()).isEqualTo(2);
    }

    @Test
    void scalesThatOverflowOrVanishAreNamed() {
        ModelUnderTest huge = open("huge", copy -> copy.setValue(DOWN, 17, 3e6));
        Golden.fails(() -> assertThat(huge).hasErrorFallingWithBits(roundToNearest()), folder, """
                Expecting model <huge> to have weight errors that fall with the bits of int2 g64 RTN, int3 g64 RTN, int4 g64 RTN, int8 g64 RTN
                but those of 1 of 28 modules do not (share of the squared weight that is lost):
                  model.layers.1.mlp.down_proj: NaN at 2 bits, NaN at 3 bits, NaN at 4 bits, 1.40e-05 at 8 bits
                  FOLDER/huge
                Try: hasOnlyFiniteWeights(), then survivesQuantization(…), which tells of scales that overflow or vanish in float16
                """);
        // HQQ stores no float16 scales.
        assertThat(huge).hasErrorFallingWithBits(ofDown(widths(bits -> Quantization.hqq(bits, 64))));
        ModelUnderTest tiny = open("tiny", copy -> copy.fill(DOWN, 1e-9));
        Golden.fails(() -> assertThat(tiny).hasErrorFallingWithBits(roundToNearest()), folder, """
                Expecting model <tiny> to have weight errors that fall with the bits of int2 g64 RTN, int3 g64 RTN, int4 g64 RTN, int8 g64 RTN
                but those of 1 of 28 modules do not (share of the squared weight that is lost):
                  model.layers.1.mlp.down_proj: 1.00 at 2 bits, 1.00 at 3 bits, 1.00 at 4 bits, 1.00 at 8 bits
                  FOLDER/tiny
                Try: hasOnlyFiniteWeights(), then survivesQuantization(…), which tells of scales that overflow or vanish in float16
                """);
    }

    @Test
    void weightsThatAreQuantizedAlreadyTellNothing() {
        Path artifact = Fixtures.path("quantized/gptq-int4-g128");
        ModelUnderTest stored = models.open(artifact);
        Golden.fails(() -> assertThat(stored).hasErrorFallingWithBits(roundToNearest()), artifact.getParent(), """
                Expecting model <gptq-int4-g128> to have unquantized weights to be quantized at several widths
                but there are none, so nothing has been checked
                  FOLDER/gptq-int4-g128
                Try: reference = the path of the unquantized model
                """);
        assertThat(models.open(artifact, m -> m.against(Models.QWEN))).hasErrorFallingWithBits(roundToNearest());
    }

    @Test
    void softAssertionsCollectIt() {
        ModelSoftAssertions softly = new ModelSoftAssertions();
        softly.assertThat(open("100%d", copy -> copy.setNaN(DOWN, 17)))
                .as("release")
                .hasErrorFallingWithBits(Quantization.rtn(2, 64), Quantization.rtn(8, 64))
                .hasNoUnexpectedKeys();
        assertThat(softly.assertionErrorsCollected()).hasSize(1);
        assertThat(softly.assertionErrorsCollected().get(0))
                .hasMessageStartingWith("[release] Expecting model <100%d> to have weight errors that fall");
        assertThatThrownBy(() -> assertThat((ModelUnderTest) null).hasErrorFallingWithBits(roundToNearest()))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("not to be null");
    }

    @Test
    void widthsMustRiseAndNeedNoText() {
        ModelUnderTest plain = models.open(Models.LLAMA);
        assertThatThrownBy(() -> assertThat(plain).hasErrorFallingWithBits(Quantization.rtn(4, 64)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two at least");
        assertThatThrownBy(() ->
                        assertThat(plain).hasErrorFallingWithBits(Quantization.rtn(4, 64), Quantization.rtn(4, 32)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("int4 g32 RTN comes after int4 g64 RTN");
        assertThatThrownBy(() ->
                        assertThat(plain).hasErrorFallingWithBits(Quantization.rtn(4, 64), Quantization.gptq(8, 64)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("needs a calibration text");
    }
}
