package io.modelassay.architecture;

import java.util.function.DoubleUnaryOperator;
import java.util.function.IntFunction;
import org.apiguardian.api.API;

/**
 * Rotary position embedding and its context extensions.
 *
 * <p>Pair {@code i} of a head turns by {@code position * inverseFrequency[i]} radians, and cosine and sine are multiplied
 * by {@link Table#scaling}. Without extension the inverse frequency is {@code theta^(-2i/d)} (Su et al., RoFormer). The
 * variants {@code linear}, {@code dynamic} (NTK-aware), {@code yarn} (Peng et al., YaRN), {@code longrope} (Ding et al.,
 * LongRoPE), {@code llama3} and {@code proportional} change it as transformers 5 does.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class RotaryEmbedding {
    /**
     * Frequencies for one window length.
     *
     * @param inverseFrequencies radians a position, one for each pair of a head's dimensions
     * @param scaling factor on cosine and sine
     */
    public record Table(float[] inverseFrequencies, double scaling) {}

    private final String type;
    private final IntFunction<Table> tables;

    private RotaryEmbedding(String type, IntFunction<Table> tables) {
        this.type = type;
        this.tables = tables;
    }

    /**
     * The rotary embedding of heads of {@code headSize} dimensions.
     *
     * @throws UnsupportedArchitectureException for a variant that is none of those above, or one that does not turn whole
     *     heads
     * @throws io.modelassay.checkpoint.CheckpointException for a setting that is absent or out of range
     */
    static RotaryEmbedding of(RotarySettings settings, int headSize, double defaultTheta, int maxPositions) {
        String type = settings.type();
        double theta = settings.theta(defaultTheta);
        if (type.equals("default")) {
            Table table = new Table(new Base(theta, headSize).frequencies(f -> f), 1);
            return new RotaryEmbedding(type, positions -> table);
        }
        if (type.equals("proportional")) {
            Table table = proportional(settings, theta, headSize);
            return new RotaryEmbedding(type, positions -> table);
        }
        int turned = (int) (headSize * settings.part());
        boolean known = type.equals("linear")
                || type.equals("dynamic")
                || type.equals("llama3")
                || type.equals("yarn")
                || type.equals("longrope");
        if (!known) {
            throw settings.typeRefused(
                    "there is no such type; known are default, linear, dynamic, yarn, longrope, llama3 and proportional");
        }
        boolean fits = (turned + 1) / 2 * 2 == headSize && (turned % 2 == 0 || !type.equals("yarn"));
        if (turned < 1 || !fits) {
            throw settings.partRefused("with type " + type + " it turns " + turned + " of the " + headSize
                    + " dimensions of a head, and this family turns whole heads");
        }
        Base base = new Base(theta, turned);
        IntFunction<Table> tables = switch (type) {
            case "linear" -> constant(linear(settings, base));
            case "dynamic" -> dynamic(settings, base, maxPositions);
            case "llama3" -> constant(llama3(settings, base, maxPositions));
            case "yarn" -> constant(new Yarn(settings, base, maxPositions).table());
            default -> longRope(settings, base, maxPositions);
        };
        if (!isFinite(tables.apply(maxPositions))) {
            throw settings.typeRefused("its settings give frequencies that are not finite");
        }
        return new RotaryEmbedding(type, tables);
    }

    private static boolean isFinite(Table table) {
        boolean finite = Double.isFinite(table.scaling());
        for (float frequency : table.inverseFrequencies()) {
            finite &= Float.isFinite(frequency);
        }
        return finite;
    }

    /** {@code default}, {@code linear}, {@code dynamic}, {@code yarn}, {@code longrope}, {@code llama3} or {@code proportional}. */
    public String type() {
        return type;
    }

    /** The table for windows of {@code positions} tokens; only {@code dynamic} and {@code longrope} depend on their number. */
    public Table table(int positions) {
        return tables.apply(positions);
    }

    /**
     * Frequencies before any extension.
     *
     * @param theta the base
     * @param dimensions rotated dimensions of a head, the divisor of the exponent
     */
    record Base(double theta, int dimensions) {
        int pairs() {
            return (dimensions + 1) / 2;
        }

        double frequency(int pair) {
            return 1 / Math.pow(theta, 2.0 * pair / dimensions);
        }

        float[] frequencies(DoubleUnaryOperator change) {
            float[] frequencies = new float[pairs()];
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] = (float) change.applyAsDouble(frequency(i));
            }
            return frequencies;
        }
    }

    private static IntFunction<Table> constant(Table table) {
        return positions -> table;
    }

    private static Table linear(RotarySettings settings, Base base) {
        double factor = settings.positive("factor");
        return new Table(base.frequencies(f -> f / factor), 1);
    }

    /** Turns the first part of the pairs; the frequency of the others is 0. The exponent's divisor is the whole head. */
    private static Table proportional(RotarySettings settings, double theta, int headSize) {
        double part = settings.part();
        int turned = (int) Math.floor(part * headSize / 2);
        if (part < 0 || turned > headSize / 2) {
            throw settings.partRefused("a part from 0 to 1 was expected");
        }
        double factor = settings.isGiven("factor") ? settings.positive("factor") : 1;
        Base base = new Base(theta, headSize);
        float[] frequencies = new float[headSize / 2];
        for (int i = 0; i < turned; i++) {
            frequencies[i] = (float) (base.frequency(i) / factor);
        }
        return new Table(frequencies, 1);
    }

    private static IntFunction<Table> dynamic(RotarySettings settings, Base base, int maxPositions) {
        double factor = settings.positive("factor");
        int dimensions = base.dimensions();
        if (dimensions <= 2) {
            throw settings.typeRefused("heads of more than 2 dimensions were expected");
        }
        return positions -> {
            double length = Math.max(positions, maxPositions);
            double growth = factor * length / maxPositions - (factor - 1);
            double theta = base.theta() * Math.pow(growth, dimensions / (dimensions - 2.0));
            return new Table(new Base(theta, dimensions).frequencies(f -> f), 1);
        };
    }

    private static Table llama3(RotarySettings settings, Base base, int maxPositions) {
        double factor = settings.positive("factor");
        double low = settings.nonZero("low_freq_factor");
        double high = settings.nonZero("high_freq_factor");
        double original = settings.originalPositions(maxPositions);
        return new Table(
                base.frequencies(frequency -> {
                    double length = 2 * Math.PI / frequency;
                    double kept = length > original / low ? frequency / factor : frequency;
                    if (length < original / high || length > original / low) {
                        return kept;
                    }
                    double smooth = (original / length - low) / (high - low);
                    return (1 - smooth) * kept / factor + smooth * kept;
                }),
                1);
    }

    private static IntFunction<Table> longRope(RotarySettings settings, Base base, int maxPositions) {
        double original = settings.originalPositions(maxPositions);
        double factor = settings.optionalPositive("factor").orElse(maxPositions / original);
        double scaling = settings.optional("attention_factor").orElseGet(() -> {
            if (factor <= 1) {
                return 1;
            }
            if (original <= 1) {
                throw settings.outOfRange("original_max_position_embeddings", "a number above 1");
            }
            return Math.sqrt(1 + Math.log(factor) / Math.log(original));
        });
        Table shorter = new Table(divided(base, settings.factors("short_factor", base.pairs())), scaling);
        Table longer = new Table(divided(base, settings.factors("long_factor", base.pairs())), scaling);
        return positions -> positions > original ? longer : shorter;
    }

    private static float[] divided(Base base, float[] factors) {
        float[] frequencies = new float[factors.length];
        for (int i = 0; i < factors.length; i++) {
            frequencies[i] = (float) (base.frequency(i) / factors[i]);
        }
        return frequencies;
    }
}
