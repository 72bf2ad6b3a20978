package io.modelassay.architecture;

import io.modelassay.checkpoint.ModelConfig;
import java.util.function.DoubleUnaryOperator;
import org.apiguardian.api.API;

/**
 * Rotary position embedding and its context extensions.
 *
 * <p>Pair {@code i} of a head turns by {@code position * inverseFrequency[i]} radians, and cosine and sine are multiplied
 * by {@link Table#scaling}. Without extension the inverse frequency is {@code theta^(-2i/d)} (Su et al., RoFormer). The
 * variants {@code linear}, {@code dynamic} (NTK-aware), {@code yarn} (Peng et al., YaRN) and {@code llama3} change it as
 * transformers does.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class RotaryEmbedding {
    /**
     * Frequencies for one window length.
     *
     * @param inverseFrequencies radians a position, one for each pair of the rotated part of a head
     * @param scaling factor on cosine and sine
     */
    public record Table(float[] inverseFrequencies, double scaling) {}

    private final String type;
    private final double theta;
    private final int headSize;
    private final int rotated;
    private final int maxPositions;
    private final ModelConfig scaling;

    private RotaryEmbedding(
            String type, double theta, int headSize, int rotated, int maxPositions, ModelConfig scaling) {
        this.type = type;
        this.theta = theta;
        this.headSize = headSize;
        this.rotated = rotated;
        this.maxPositions = maxPositions;
        this.scaling = scaling;
    }

    /**
     * Reads {@code rope_theta} with {@code rope_scaling}, or {@code rope_parameters}, which newer configs have instead.
     */
    static RotaryEmbedding of(ModelConfig config, int headSize, double defaultTheta, int maxPositions) {
        ModelConfig parameters = config.optionalObject("rope_parameters")
                .or(() -> config.optionalObject("rope_scaling"))
                .orElseGet(() -> ModelConfig.parse("config.json", "{}"));
        double theta = parameters.number("rope_theta", config.number("rope_theta", defaultTheta));
        String type = parameters.string("rope_type", parameters.string("type", "default"));
        int rotated = (int) (headSize * config.number("partial_rotary_factor", 1.0));
        return new RotaryEmbedding(type, theta, headSize, rotated, maxPositions, parameters);
    }

    /** {@code default}, {@code linear}, {@code dynamic}, {@code yarn} or {@code llama3}. */
    public String type() {
        return type;
    }

    /**
     * The table for windows of {@code positions} tokens; only {@code dynamic} depends on their number.
     *
     * @throws UnsupportedArchitectureException for a variant that is none of those above, or one that turns a part of
     *     each head only
     */
    public Table table(int positions) {
        if (rotated != headSize) {
            throw new UnsupportedArchitectureException("partial_rotary_factor " + (double) rotated / headSize
                    + " is not supported: the forward pass turns whole heads");
        }
        return switch (type) {
            case "linear" -> new Table(plain(theta, f -> f / scaling.number("factor")), 1);
            case "dynamic" -> new Table(plain(dynamicTheta(positions), f -> f), 1);
            case "llama3" -> new Table(plain(theta, this::llama3), 1);
            case "yarn" -> yarn();
            case "default" -> new Table(plain(theta, f -> f), 1);
            default ->
                throw new UnsupportedArchitectureException("Rotary embedding of type \"" + type
                        + "\" is not supported; known are default, linear, dynamic, yarn and llama3");
        };
    }

    private float[] plain(double base, DoubleUnaryOperator change) {
        float[] frequencies = new float[rotated / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) change.applyAsDouble(1 / Math.pow(base, 2.0 * i / rotated));
        }
        return frequencies;
    }

    private double dynamicTheta(int positions) {
        double factor = scaling.number("factor");
        double length = Math.max(positions, maxPositions);
        double growth = factor * length / maxPositions - (factor - 1);
        return theta * Math.pow(growth, rotated / (rotated - 2.0));
    }

    private double llama3(double frequency) {
        double factor = scaling.number("factor");
        double low = scaling.number("low_freq_factor");
        double high = scaling.number("high_freq_factor");
        double original = scaling.number("original_max_position_embeddings");
        double turns = original * frequency / (2 * Math.PI);
        if (turns > high) {
            return frequency;
        }
        if (turns < low) {
            return frequency / factor;
        }
        double smooth = (turns - low) / (high - low);
        return (1 - smooth) * frequency / factor + smooth * frequency;
    }

    private Table yarn() {
        double factor = scaling.number("factor");
        double original = scaling.number("original_max_position_embeddings", maxPositions);
        double low = correction(scaling.number("beta_fast", 32), original);
        double high = correction(scaling.number("beta_slow", 1), original);
        if (scaling.bool("truncate", true)) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        double from = Math.max(low, 0);
        double to = Math.min(high, rotated - 1);
        double width = from == to ? 0.001 : to - from;
        float[] frequencies = new float[rotated / 2];
        for (int i = 0; i < frequencies.length; i++) {
            double frequency = 1 / Math.pow(theta, 2.0 * i / rotated);
            double ramp = Math.min(Math.max((i - from) / width, 0), 1);
            frequencies[i] = (float) (frequency / factor * ramp + frequency * (1 - ramp));
        }
        return new Table(frequencies, yarnScaling(factor));
    }

    private double correction(double rotations, double positions) {
        return rotated * Math.log(positions / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    private double yarnScaling(double factor) {
        double given = scaling.number("attention_factor", 0);
        if (given != 0) {
            return given;
        }
        double scale = scaling.number("mscale", 0);
        double allDimensions = scaling.number("mscale_all_dim", 0);
        return scale != 0 && allDimensions != 0
                ? magnitude(factor, scale) / magnitude(factor, allDimensions)
                : magnitude(factor, 1);
    }

    private static double magnitude(double factor, double scale) {
        return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
    }
}
