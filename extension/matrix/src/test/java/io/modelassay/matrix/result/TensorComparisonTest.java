package io.modelassay.matrix.result;

import static io.modelassay.matrix.result.Cells.MODEL;
import static io.modelassay.matrix.result.Cells.compare;
import static io.modelassay.matrix.result.Cells.notFinite;
import static io.modelassay.matrix.result.Cells.sketch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.modelassay.report.FigureLine.Sketch;
import io.modelassay.runtime.TensorSketch.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorComparisonTest {
    private static final String WEIGHT = "model.layers.0.mlp.down_proj.weight";
    private static final String OUTPUT = "model.layers.0.mlp.down_proj";

    private static Cells cell(String stack, String dtype, Sketch... tensors) {
        return Cells.of(stack).perplexity(MODEL, dtype, 36.3).traced(MODEL, dtype, tensors);
    }

    private static CellComparison moved(String dtype, double weight, double output) {
        return compare(
                cell("old", dtype, sketch(WEIGHT, Kind.WEIGHT, 0), sketch(OUTPUT, Kind.OUTPUT, 0)),
                cell("new", dtype, sketch(WEIGHT, Kind.WEIGHT, weight), sketch(OUTPUT, Kind.OUTPUT, output)));
    }

    @Test
    void equalTensorsAreNotReported() {
        assertThat(moved("bf16", 0, 0).tensors()).isEmpty();
        assertThat(moved("fp32", 1e-14, 1e-14).tensors()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"fp32, 1.1e-6", "fp16, 0.0029", "bf16, 0.013"})
    void roundingIsReportedAndNoRegression(String dtype, double difference) {
        CellComparison cell = moved(dtype, 0, difference);
        assertThat(cell.verdict()).isEqualTo(Verdict.CHANGED);
        assertThat(cell.tensors()).singleElement().satisfies(change -> {
            assertThat(change.beyondNoise()).isNull();
            assertThat(change.first()).isNotNull().satisfies(place -> {
                assertThat(place.name()).isEqualTo(OUTPUT);
                assertThat(place.position()).isEqualTo(1);
                assertThat(place.relativeDifference()).isCloseTo(difference, withinPercentage(0.1));
            });
        });
    }

    /** A hundredth of a weight, as a wrong scale makes it, in every type. */
    @ParameterizedTest
    @CsvSource({"fp32, 0.01", "fp16, 0.01", "bf16, 0.01"})
    void theFirstTensorBeyondRoundingIsARegression(String dtype, double difference) {
        CellComparison cell = moved(dtype, difference, difference);
        assertThat(cell.verdict()).isEqualTo(Verdict.REGRESSED);
        assertThat(Difference.of(cell).filter(Difference::worse))
                .extracting(Difference::sentence)
                .singleElement()
                .asString()
                .startsWith(MODEL + " on held-out.txt first differs by more than rounding in weight " + WEIGHT
                        + " [64, 128], relative difference 0.0100 (rounding of " + dtype);
    }

    @Test
    void theFirstOfAllAndTheFirstBeyondRoundingAreTold() {
        CellComparison cell = moved("bf16", 1e-4, 0.2);
        assertThat(cell.tensors()).singleElement().satisfies(change -> {
            assertThat(change.first())
                    .isNotNull()
                    .satisfies(place -> assertThat(place.kind()).isEqualTo("weight"));
            assertThat(change.beyondNoise())
                    .isNotNull()
                    .satisfies(place -> assertThat(place.kind()).isEqualTo("output"));
        });
    }

    @Test
    void aTensorThatIsNotFiniteOnOneSideCounts() {
        CellComparison cell = compare(
                cell("old", "bf16", sketch(OUTPUT, Kind.OUTPUT, 0)),
                cell("new", "bf16", notFinite(OUTPUT, Kind.OUTPUT)));
        assertThat(Difference.of(cell).filter(Difference::worse))
                .extracting(Difference::sentence)
                .singleElement()
                .asString()
                .endsWith("[64, 128], not finite here");
        assertThat(compare(
                                cell("old", "bf16", notFinite(OUTPUT, Kind.OUTPUT)),
                                cell("new", "bf16", notFinite(OUTPUT, Kind.OUTPUT)))
                        .tensors())
                .isEmpty();
    }

    @Test
    void anotherShapeAndAnAbsentTensorCount() {
        Sketch healthy = sketch(OUTPUT, Kind.OUTPUT, 0);
        Sketch wider =
                new Sketch(OUTPUT, Kind.OUTPUT, List.of(64L, 256L), healthy.norm(), healthy.largest(), healthy.sums());
        assertThat(compare(cell("old", "bf16", healthy), cell("new", "bf16", wider))
                        .verdict())
                .isEqualTo(Verdict.REGRESSED);
        assertThat(compare(cell("old", "bf16", healthy), cell("new", "bf16")).verdict())
                .isEqualTo(Verdict.REGRESSED);
        assertThat(compare(cell("old", "bf16"), cell("new", "bf16", healthy)).verdict())
                .isEqualTo(Verdict.REGRESSED);
    }

    @Test
    void anotherTypeIsNotCompared() {
        CellComparison cell = compare(
                cell("old", "fp32", sketch(OUTPUT, Kind.OUTPUT, 0)),
                cell("new", "bf16", sketch(OUTPUT, Kind.OUTPUT, 0.5)));
        assertThat(cell.verdict()).isEqualTo(Verdict.CHANGED);
        assertThat(cell.tensors())
                .extracting(Sentences::tensor)
                .containsExactly("tensors of " + MODEL + " on held-out.txt are not comparable: bf16 against fp32");
    }

    @Test
    void aFolderThatIsCalledLikeACalibratedModelIsJudgedByItsTensors() {
        String folder = "Llama as GPTQ";
        assertThat(compare(
                                Cells.of("old")
                                        .described(folder, false)
                                        .traced(folder, "fp16", sketch(WEIGHT, Kind.WEIGHT, 0)),
                                Cells.of("new")
                                        .described(folder, false)
                                        .traced(folder, "fp16", sketch(WEIGHT, Kind.WEIGHT, 0.2)))
                        .verdict())
                .isEqualTo(Verdict.REGRESSED);
    }

    @Test
    void codesThatCalibrationFindsAreNotJudgedByTensors() {
        String gptq = "tiny-qwen2 as int4 g128 GPTQ";
        Cells before = Cells.of("old")
                .described(gptq, true)
                .perplexity(gptq, "fp16", 36.3)
                .traced(gptq, "fp16", sketch(WEIGHT, Kind.WEIGHT, 0));
        CellComparison cell = compare(
                before,
                Cells.of("new").perplexity(gptq, "fp16", 36.3).traced(gptq, "fp16", sketch(WEIGHT, Kind.WEIGHT, 0.2)));
        assertThat(cell.verdict()).isEqualTo(Verdict.CHANGED);
        assertThat(compare(
                                before,
                                Cells.of("new")
                                        .perplexity(gptq, "fp16", 36.3)
                                        .traced(gptq, "fp16", notFinite(WEIGHT, Kind.WEIGHT)))
                        .verdict())
                .isEqualTo(Verdict.REGRESSED);
    }
}
