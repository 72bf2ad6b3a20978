package io.modelassay.evaluation;

import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.StoredQuantization;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import org.apiguardian.api.API;

/**
 * Limits for a scheme where a test names none of its own.
 *
 * <p>They depend on the size of the model: a model of 135 million parameters loses more at 8 bits than one of 8 billion at 4.
 * A figure is limited only where somebody measured it on healthy models of such a size; {@code docs/reference.md} names the
 * source of each. Elsewhere it is reported and not judged: 4 bits and fewer of models of at most 0.5 billion parameters,
 * whose published drifts reach from 45 % to 149 %, and 2 bits of any model, from 7 % to collapse.
 *
 * @param driftPercent largest growth of the perplexity in percent; infinite where it is not judged
 * @param klDivergence largest mean KL divergence in nats a token; infinite where it is not judged
 * @param topTokenAgreement smallest share of tokens with the same most likely token; 0 where it is not judged
 */
@API(status = API.Status.EXPERIMENTAL)
public record DefaultLimits(double driftPercent, double klDivergence, double topTokenAgreement) {
    /** Models of at most this many parameters are the smallest that were measured. */
    public static final long SMALLEST_MODEL_PARAMETERS = 500_000_000L;

    /** Models of at most this many parameters count as small. */
    public static final long SMALL_MODEL_PARAMETERS = 1_500_000_000L;

    /** Models of more parameters have all their figures measured: those of 7 to 70 billion. */
    public static final long MIDDLE_MODEL_PARAMETERS = 6_500_000_000L;

    private static final double ANY = Double.POSITIVE_INFINITY;
    private static final DefaultLimits NONE = new DefaultLimits(ANY, ANY, 0);

    private record Row(LossClass loss, long aboveParameters, long toParameters, DefaultLimits limits) {
        boolean fits(LossClass of, long parameters) {
            return loss == of && parameters > aboveParameters && parameters <= toParameters;
        }
    }

    private static final List<Row> TABLE = List.of(
            smallest(LossClass.INT8, 1.5, 0.015, 0.94),
            smallest(LossClass.FP8, 5, 0.05, 0.88),
            small(LossClass.INT8, 1.5),
            small(LossClass.FP8, 4),
            small(LossClass.FOUR_BITS_GROUPED, 12),
            middle(LossClass.INT8, 1),
            middle(LossClass.FP8, 3),
            middle(LossClass.FOUR_BITS_GROUPED, 8),
            middle(LossClass.THREE_BITS, 35),
            large(LossClass.INT8, 1, 0.005, 0.97),
            large(LossClass.FP8, 3, 0.02, 0.95),
            large(LossClass.FOUR_BITS_GROUPED, 8, 0.1, 0.90),
            large(LossClass.FOUR_BITS_CHANNEL, 15, 0.15, 0.85),
            large(LossClass.THREE_BITS, 35, 0.3, 0.75));

    private static Row smallest(LossClass loss, double drift, double divergence, double agreement) {
        return new Row(loss, 0, SMALLEST_MODEL_PARAMETERS, new DefaultLimits(drift, divergence, agreement));
    }

    private static Row small(LossClass loss, double drift) {
        return new Row(loss, SMALLEST_MODEL_PARAMETERS, SMALL_MODEL_PARAMETERS, new DefaultLimits(drift, ANY, 0));
    }

    private static Row middle(LossClass loss, double drift) {
        return new Row(loss, SMALL_MODEL_PARAMETERS, MIDDLE_MODEL_PARAMETERS, new DefaultLimits(drift, ANY, 0));
    }

    private static Row large(LossClass loss, double drift, double divergence, double agreement) {
        return new Row(loss, MIDDLE_MODEL_PARAMETERS, Long.MAX_VALUE, new DefaultLimits(drift, divergence, agreement));
    }

    /**
     * The largest drift in percent that any default limit allows. More is a loss whatever the scheme; {@code evaluate} warns
     * of it where it is asked for no limit.
     */
    public static double loosestDriftPercent() {
        return TABLE.stream()
                .flatMapToDouble(row -> DoubleStream.of(row.limits.driftPercent))
                .filter(Double::isFinite)
                .max()
                .orElseThrow();
    }

    /** Whether there are limits for {@code quantization} at any size of a model. */
    public static boolean know(Quantization quantization) {
        return LossClass.of(quantization) != LossClass.UNMEASURED;
    }

    /** The limits for {@code quantization} of a model with {@code parameters} parameters. */
    public static DefaultLimits of(Quantization quantization, long parameters) {
        return of(LossClass.of(quantization), parameters);
    }

    /**
     * The limits for an artifact that is stored quantized, its weakest scheme deciding; empty where no weight is, and for a
     * scheme that has limits at no size.
     *
     * @param parameters of the model
     */
    public static Optional<DefaultLimits> of(StoredQuantization stored, long parameters) {
        return LossClass.of(stored).filter(loss -> loss != LossClass.UNMEASURED).map(loss -> of(loss, parameters));
    }

    private static DefaultLimits of(LossClass loss, long parameters) {
        return TABLE.stream()
                .filter(row -> row.fits(loss, parameters))
                .map(Row::limits)
                .findFirst()
                .orElse(NONE);
    }

    /** Whether the drift is judged. */
    public boolean limitsDrift() {
        return driftPercent < ANY;
    }

    /** Whether the KL divergence is judged. */
    public boolean limitsKlDivergence() {
        return klDivergence < ANY;
    }

    /** Whether the agreement is judged. */
    public boolean limitsTopTokenAgreement() {
        return topTokenAgreement > 0;
    }

    /** Whether there is any limit. */
    public boolean limitsAnything() {
        return !equals(NONE);
    }
}
