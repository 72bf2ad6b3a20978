package io.modelassay.architecture;

/** Context extension by YaRN (Peng et al.): fast pairs keep their frequency, slow ones are stretched, a ramp lies between. */
final class Yarn {
    private final RotarySettings settings;
    private final RotaryEmbedding.Base base;
    private final double original;
    private final double factor;

    Yarn(RotarySettings settings, RotaryEmbedding.Base base, int maxPositions) {
        this.settings = settings;
        this.base = base;
        this.original = settings.originalPositions(maxPositions);
        if (!settings.isGiven("factor")) {
            settings.positive("factor"); // throws: the key has to be there, be it null
        }
        this.factor = settings.optionalPositive("factor").orElse(maxPositions / original);
        if (base.theta() == 1) {
            throw settings.outOfRange(RotarySettings.THETA, "a number other than 1");
        }
    }

    RotaryEmbedding.Table table() {
        double low = correction(settings.positiveOr("beta_fast", 32));
        double high = correction(settings.positiveOr("beta_slow", 1));
        if (settings.flag("truncate")) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        double from = Math.max(low, 0);
        double to = Math.min(high, base.dimensions() - 1);
        double width = from == to ? 0.001 : to - from;
        float[] frequencies = new float[base.dimensions() / 2];
        for (int i = 0; i < frequencies.length; i++) {
            double frequency = base.frequency(i);
            double ramp = Math.min(Math.max((i - from) / width, 0), 1);
            frequencies[i] = (float) (frequency / factor * ramp + frequency * (1 - ramp));
        }
        return new RotaryEmbedding.Table(frequencies, scaling());
    }

    private double correction(double rotations) {
        return base.dimensions() * Math.log(original / (rotations * 2 * Math.PI)) / (2 * Math.log(base.theta()));
    }

    private double scaling() {
        double scale = settings.optional("mscale").orElse(0);
        double allDimensions = settings.optional("mscale_all_dim").orElse(0);
        return settings.optional("attention_factor")
                .orElseGet(() ->
                        scale != 0 && allDimensions != 0 ? magnitude(scale) / magnitude(allDimensions) : magnitude(1));
    }

    private double magnitude(double scale) {
        return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
    }
}
