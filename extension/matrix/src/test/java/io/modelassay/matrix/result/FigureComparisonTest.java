package io.modelassay.matrix.result;

import static io.modelassay.matrix.result.Cells.MODEL;
import static io.modelassay.matrix.result.Cells.compare;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Limit;
import io.modelassay.evaluation.Limit.Direction;
import io.modelassay.evaluation.Measure;
import io.modelassay.evaluation.Observation;
import io.modelassay.evaluation.Origin;
import io.modelassay.evaluation.Provenance;
import io.modelassay.evaluation.Subject;
import io.modelassay.matrix.result.FigureChange.Kind;
import io.modelassay.report.Results.Check;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FigureComparisonTest {
    private static Figure figure(Measure measure, double value, String unit, Direction direction, double bound) {
        return Figure.judged(
                Subject.stored(MODEL),
                new Observation("a figure", measure, new Estimate(value, 0), unit),
                new Limit(bound, direction, unit),
                on(DType.BF16));
    }

    private static Origin on(DType dtype) {
        return new Origin("", Cells.TEXT, 16384, Cells.PROTOCOL, new Provenance(Device.CPU, dtype, "PyTorch 2.7.1"));
    }

    private static Figure loss(double value, double bound) {
        return figure(Measure.LOSS, value, "nats a token", Direction.BELOW, bound);
    }

    private static Figure drift(double value, double bound) {
        return figure(Measure.PERPLEXITY_DRIFT, value, "%", Direction.AT_MOST, bound);
    }

    private static Cells old() {
        return Cells.of("old");
    }

    private static Cells here() {
        return Cells.of("new");
    }

    private static CellComparison compared(double... change) {
        return compare(
                old().compared(MODEL, "bf16", 13.2, 7.2, 0.0713, 0.914, 0.06, 0.08),
                here().compared(
                                MODEL,
                                "bf16",
                                13.2 + change[0],
                                7.2 + change[1],
                                0.0713 + change[2],
                                0.914 + change[3],
                                0.06,
                                0.08 + change[4]));
    }

    /** As seen between PyTorch 2.0 and 2.7 on one processor. */
    @ParameterizedTest
    @CsvSource({
        "fp32, 36.34532546, 36.34532761",
        "bf16, 36.34006, 36.34023",
        "bf16, 36.34006, 36.33984",
        "bf16, 39.90128, 39.90427",
        "fp16, 36.34595, 36.34641"
    })
    void perplexitiesThatDifferByRounding(String dtype, double before, double after) {
        assertThat(compare(old().perplexity("m", dtype, before), here().perplexity("m", dtype, after))
                        .verdict())
                .isEqualTo(Verdict.SAME);
    }

    @ParameterizedTest
    @CsvSource({
        "fp32, 36.34, 36.35, WORSE",
        "bf16, 36.34, 36.5, WORSE",
        "fp16, 36.34, 36.36, WORSE",
        "bf16, 36.34, 36.1, BETTER"
    })
    void perplexitiesThatDifferByMore(String dtype, double before, double after, Kind kind) {
        CellComparison cell = compare(old().perplexity("m", dtype, before), here().perplexity("m", dtype, after));
        assertThat(cell.figures())
                .extracting(FigureChange::figure, FigureChange::kind)
                .containsExactly(tuple("perplexity", kind));
        assertThat(cell.verdict()).isEqualTo(kind == Kind.WORSE ? Verdict.REGRESSED : Verdict.CHANGED);
    }

    @Test
    void comparisonsThatDifferByRounding() {
        assertThat(compared(0.003, 0.028, 5e-5, -0.0024, 0.0004).figures()).isEmpty();
    }

    @Test
    void eachFigureOfAComparisonThatDiffersByMore() {
        assertThat(compared(0.1, 1, 0.01, -0.03, 0.02).figures())
                .extracting(FigureChange::figure, FigureChange::kind)
                .containsExactly(
                        tuple("perplexity", Kind.WORSE),
                        tuple("perplexity drift", Kind.WORSE),
                        tuple("mean KL divergence", Kind.WORSE),
                        tuple("top-1 agreement", Kind.WORSE),
                        tuple("output error of model.layers.1", Kind.WORSE));
    }

    @Test
    void whatGotBetterIsNoRegression() {
        CellComparison cell = compared(-0.1, -1, -0.01, 0.03, -0.02);
        assertThat(cell.figures()).hasSize(5).allMatch(change -> change.kind() == Kind.BETTER);
        assertThat(cell.verdict()).isEqualTo(Verdict.CHANGED);
    }

    @Test
    void aDriftThatFallsBecauseTheReferenceGotWorseIsARegression() {
        CellComparison cell = compare(
                old().against(MODEL, "bf16", 12.31, 13.2, 7.2, 0.07, 0.91),
                here().against(MODEL, "bf16", 12.9, 13.2, 2.3, 0.07, 0.91));
        assertThat(cell.figures())
                .extracting(FigureChange::figure, FigureChange::kind)
                .containsExactly(tuple("reference perplexity", Kind.WORSE), tuple("perplexity drift", Kind.BETTER));
        assertThat(cell.verdict()).isEqualTo(Verdict.REGRESSED);
    }

    @Test
    void theLayerThatMovedMostStandsForAll() {
        CellComparison cell = compare(
                old().compared(MODEL, "bf16", 13.2, 7.2, 0.07, 0.91, 0.05, 0.05, 0.05),
                here().compared(MODEL, "bf16", 13.2, 7.2, 0.07, 0.91, 0.05, 0.09, 0.30));
        assertThat(cell.figures()).singleElement().satisfies(change -> {
            assertThat(change.figure()).isEqualTo("output error of model.layers.2");
            assertThat(change.note()).isEqualTo("the most of 2 layers of 3");
        });
    }

    @Test
    void aFigureThatIsNoLongerFiniteIsWorse() {
        assertThat(compare(old().perplexity("m", "bf16", 36.3), here().perplexity("m", "bf16", null))
                        .figures())
                .extracting(FigureChange::kind)
                .containsExactly(Kind.WORSE);
        assertThat(compare(old().perplexity("m", "bf16", null), here().perplexity("m", "bf16", null))
                        .figures())
                .isEmpty();
    }

    @Test
    void anotherTypeIsNotCompared() {
        CellComparison cell = compare(old().perplexity("m", "fp32", 36.3), here().perplexity("m", "bf16", 99.0));
        assertThat(cell.figures()).singleElement().satisfies(change -> {
            assertThat(change.kind()).isEqualTo(Kind.NOT_COMPARABLE);
            assertThat(Sentences.figure(change))
                    .isEqualTo("perplexity of m on held-out.txt is not comparable: bf16 against fp32");
        });
        assertThat(cell.verdict()).isEqualTo(Verdict.CHANGED);
    }

    @Test
    void severalTypesOfOneModelAreComparedEachWithItsOwn() {
        Cells before = old().perplexity("m", "fp32", 36.3).perplexity("m", "bf16", 36.4);
        Cells after = here().perplexity("m", "bf16", 36.4).perplexity("m", "fp32", 36.3);
        assertThat(compare(before, after).verdict()).isEqualTo(Verdict.SAME);
    }

    @Test
    void anotherNumberOfTokensIsARegression() {
        CellComparison cell =
                compare(old().perplexity("m", "bf16", 36.3, 6643), here().perplexity("m", "bf16", 36.3, 6650));
        assertThat(cell.figures()).extracting(FigureChange::figure).containsExactly("number of tokens");
        assertThat(cell.verdict()).isEqualTo(Verdict.REGRESSED);
    }

    @Test
    void figuresOfOneSideOnlyAreReported() {
        Cells before = old().perplexity("gone", "bf16", 36.3).none("missing keys", 0, "keys", "");
        Cells after = here().perplexity("fresh", "bf16", 36.3).compared(MODEL, "bf16", 13.2, 7.2, 0.07, 0.9);
        assertThat(compare(before, after).figures())
                .extracting(FigureChange::model, FigureChange::figure, FigureChange::kind)
                .containsExactlyInAnyOrder(
                        tuple("gone", "perplexity", Kind.ONLY_BEFORE),
                        tuple("fresh", "perplexity", Kind.ONLY_HERE),
                        tuple(MODEL, "perplexity drift", Kind.ONLY_HERE),
                        tuple(MODEL, "missing keys", Kind.ONLY_BEFORE));
    }

    @Test
    void countsOfChecksHaveNoNoise() {
        Cells before = old().none("missing keys", 2, "keys", "291 parameters expected");
        assertThat(compare(before, here().none("missing keys", 3, "keys", "291 parameters expected"))
                        .figures())
                .extracting(FigureChange::kind)
                .containsExactly(Kind.WORSE);
        assertThat(compare(before, here().none("missing keys", 2, "keys", "291 parameters expected"))
                        .figures())
                .isEmpty();
    }

    @Test
    void figuresOfChecksHaveTheNoiseOfTheirType() {
        Cells before = old().check(loss(3.1, 3.2));
        assertThat(compare(before, here().check(loss(3.12, 3.21))).figures()).isEmpty();
        assertThat(compare(before, here().check(loss(3.19, 3.2))).figures())
                .extracting(FigureChange::kind)
                .containsExactly(Kind.WORSE);
        Figure other = loss(3.19, 3.2);
        assertThat(compare(
                                before,
                                here().check(new Figure(
                                        other.subject(), other.found(), other.limit(), true, on(DType.FP32))))
                        .figures())
                .extracting(FigureChange::kind, FigureChange::note)
                .containsExactly(tuple(Kind.NOT_COMPARABLE, "fp32 against bf16"));
    }

    @Test
    void aCheckThatNoLongerHoldsIsWorseHoweverLittleItMoved() {
        CellComparison cell = compare(old().check(drift(2.999, 3)), here().check(drift(3.001, 3)));
        assertThat(cell.figures()).extracting(FigureChange::kind).containsExactly(Kind.WORSE);
    }

    @Test
    void aCheckOfWhatIsComparedIsNotReportedTwice() {
        Cells before = old().compared(MODEL, "bf16", 13.2, 7.2, 0.07, 0.9).check(drift(7.2, 9));
        Cells after = here().compared(MODEL, "bf16", 13.2, 8.2, 0.07, 0.9).check(drift(8.2, 9));
        assertThat(compare(before, after).figures()).hasSize(1);
    }

    /** As seen with GPTQ in fp16 between PyTorch 2.4 and 2.7: ties fall otherwise, and the quantization is as good. */
    @Test
    void codesThatCalibrationFindsMayBeOthersOfTheSameQuality() {
        String gptq = "tiny-qwen2 as int4 g128 GPTQ";
        double[] before = {36.38, 0.106, 9.85e-4, 0.9700, 0.0220};
        double[] after = {36.404, 0.178, 9.88e-4, 0.9674, 0.0226};
        assertThat(compare(
                                row(old(), gptq, before).described(gptq, true),
                                row(here(), gptq, after).described(gptq, true))
                        .figures())
                .isEmpty();
        assertThat(compare(
                                row(old().described(gptq, true), gptq, before),
                                row(here(), gptq, 36.60, 0.71, 4e-3, 0.95, 0.033))
                        .figures())
                .hasSize(5)
                .allMatch(FigureChange::worse);
        String rtn = "tiny-qwen2 as int4 g128 RTN";
        assertThat(compare(row(old(), rtn, before), row(here(), rtn, after)).verdict())
                .isEqualTo(Verdict.REGRESSED);
    }

    /** A folder may be called anything; only what the cell recorded of the model decides. */
    @ParameterizedTest
    @ValueSource(
            strings = {"Llama as GPTQ", "x as int4 g128 GPTQ", "my AWQ as AWQ", "a as b as int4 g128 GPTQ with lora"})
    void aNameGrantsNoTolerance(String folder) {
        double[] before = {36.38, 0.106, 9.85e-4, 0.9700, 0.0220};
        double[] after = {36.404, 0.178, 9.88e-4, 0.9674, 0.0226};
        Cells stored = row(old(), folder, before).described(folder, false);
        assertThat(compare(stored, row(here(), folder, after).described(folder, false))
                        .verdict())
                .isEqualTo(Verdict.REGRESSED);
        assertThat(compare(row(old(), folder, before), row(here(), folder, after))
                        .verdict())
                .isEqualTo(Verdict.REGRESSED);
        // Two models of one name, one of them calibrated: the strict limits hold.
        assertThat(compare(
                                stored.described(folder, true),
                                row(here(), folder, after).described(folder, true))
                        .verdict())
                .isEqualTo(Verdict.REGRESSED);
        String plain = "plain folder";
        assertThat(compare(
                                row(old(), plain, before).described(plain, true),
                                row(here(), plain, after).described(plain, true))
                        .figures())
                .isEmpty();
    }

    /** A sentence that says the contrary of what the record says changes nothing. */
    @ParameterizedTest
    @CsvSource({"LOSS, AT_LEAST, BETTER", "LOSS, AT_MOST, WORSE", "ADAPTER_EFFECT, MORE_THAN, BETTER"})
    void noSentenceGivesACheckItsDirection(Measure measure, Direction direction, Kind kind) {
        Figure before = misleading(measure, direction, 1);
        Figure after = misleading(measure, direction, 2);
        assertThat(compare(old().check(before), here().check(after)).figures())
                .extracting(FigureChange::kind)
                .containsExactly(kind);
        assertThat(compare(old().check(before), here().check(before)).figures()).isEmpty();
    }

    /** Names what the record does not hold: a limit, a direction, a number of tokens, a device and a type. */
    private static Figure misleading(Measure measure, Direction direction, double value) {
        String sentence = "perplexity drift of at most 900 % in 5 tokens, device GPU, fp32, x, at least 3";
        return Figure.judged(
                new Subject("Llama as GPTQ", "Llama as GPTQ", null, null, false),
                new Observation(sentence, measure, new Estimate(value, 0), "nats"),
                new Limit(direction.limitsFromAbove() ? 9 : 0, direction, "nats"),
                new Origin(sentence, sentence, 16384, sentence, new Provenance(Device.CPU, DType.BF16, sentence)));
    }

    /** Over 5 tokens 0.2 % of drift would be rounding; over 16384 tokens it is not. */
    @Test
    void noSentenceGivesACheckItsTokens() {
        Figure before = misleading(Measure.PERPLEXITY_DRIFT, Direction.AT_MOST, 1);
        Figure after = misleading(Measure.PERPLEXITY_DRIFT, Direction.AT_MOST, 1.5);
        assertThat(compare(old().check(before), here().check(after)).figures())
                .extracting(FigureChange::kind)
                .containsExactly(Kind.WORSE);
        Figure few = new Figure(
                after.subject(),
                after.found(),
                after.limit(),
                true,
                after.origin().over(5));
        Figure fewBefore = new Figure(
                before.subject(),
                before.found(),
                before.limit(),
                true,
                before.origin().over(5));
        assertThat(compare(old().check(fewBefore), here().check(few)).figures()).isEmpty();
    }

    /** A count may be called like a figure of a comparison. */
    @Test
    void aNameDoesNotMakeACountADrift() {
        Cells before = old().compared(MODEL, "bf16", 13.2, 7.2, 0.07, 0.9).none("perplexity drift", 2, "keys", "x");
        Cells after = here().compared(MODEL, "bf16", 13.2, 7.2, 0.07, 0.9).none("perplexity drift", 3, "keys", "x");
        assertThat(compare(before, after).figures())
                .extracting(FigureChange::figure, FigureChange::kind)
                .containsExactly(tuple("perplexity drift", Kind.WORSE));
    }

    /** One figure may be held from both sides; the names of the two checks are one. */
    @Test
    void checksOfTwoDirectionsAreNotPaired() {
        Figure above = figure(Measure.LOSS, 2, "nats", Direction.AT_LEAST, 1);
        Figure below = figure(Measure.LOSS, 2, "nats", Direction.AT_MOST, 3);
        assertThat(compare(old().check(above).check(below), here().check(below).check(above))
                        .figures())
                .isEmpty();
        assertThat(compare(old().check(above), here().check(below)).figures())
                .extracting(FigureChange::kind)
                .containsExactlyInAnyOrder(Kind.ONLY_BEFORE, Kind.ONLY_HERE);
    }

    /** Results of earlier versions have the sentences alone: what holds still counts, and no sentence is read. */
    @Test
    void checksOfEarlierVersionsHaveNoDirection() {
        Check before = earlier(drift(2, 3));
        assertThat(compare(old().check(before), here().check(before)).figures()).isEmpty();
        assertThat(compare(old().check(before), here().check(earlier(drift(2.5, 3))))
                        .figures())
                .extracting(FigureChange::kind)
                .containsExactly(Kind.MOVED);
        assertThat(compare(old().check(before), here().check(drift(4, 3))).figures())
                .extracting(FigureChange::kind)
                .containsExactly(Kind.WORSE);
    }

    private static Check earlier(Figure figure) {
        Check check = Check.of(figure);
        return new Check(
                check.model(),
                check.check(),
                check.value(),
                check.standardError(),
                check.unit(),
                check.limit(),
                check.holds(),
                check.provenance(),
                null,
                null,
                null);
    }

    private static Cells row(Cells cell, String model, double... figures) {
        return cell.compared(model, "fp16", figures[0], figures[1], figures[2], figures[3], figures[4]);
    }
}
