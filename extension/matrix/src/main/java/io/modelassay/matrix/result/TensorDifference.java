package io.modelassay.matrix.result;

import io.modelassay.report.FigureLine.Sketch;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How far a tensor is from the same tensor of another stack.
 *
 * @param position its place in the baseline's order of computation
 * @param tensor its sketch with the baseline, or here where the baseline lacks it
 * @param relative estimate of {@code |here - baseline| / |baseline|}; {@code null} where there is none
 * @param noise what rounding may make of it
 * @param note why there is no estimate; may be empty
 */
record TensorDifference(
        int position, Sketch tensor, @Nullable Double relative, double noise, String note) {

    static TensorDifference of(int position, Sketch before, Optional<Sketch> after, double noise) {
        if (after.isEmpty()) {
            return new TensorDifference(position, before, null, noise, "absent here");
        }
        Sketch here = after.get();
        if (!before.shape().equals(here.shape())) {
            return new TensorDifference(position, before, null, noise, "of shape " + here.shape() + " here");
        }
        if (isFinite(before) != isFinite(here)) {
            String note = isFinite(before) ? "not finite here" : "finite here, not finite with the baseline";
            return new TensorDifference(position, before, null, noise, note);
        }
        return new TensorDifference(position, before, isFinite(before) ? relative(before, here) : 0, noise, "");
    }

    private static boolean isFinite(Sketch sketch) {
        return sketch.norm() != null && sketch.sums().stream().allMatch(sum -> sum != null);
    }

    /** Of sums with random signs s and t the mean of (s - t)² estimates the squared distance. */
    private static double relative(Sketch before, Sketch after) {
        List<@Nullable Double> left = before.sums();
        List<@Nullable Double> right = after.sums();
        int sums = Math.min(left.size(), right.size());
        double squares = 0;
        for (int i = 0; i < sums; i++) {
            double difference = number(left.get(i)) - number(right.get(i));
            squares += difference * difference;
        }
        double distance = Math.max(
                Math.sqrt(squares / Math.max(1, sums)), Math.abs(number(before.norm()) - number(after.norm())));
        double norm = number(before.norm());
        return distance == 0 ? 0 : distance / (norm > 0 ? norm : number(after.norm()));
    }

    private static double number(@Nullable Double value) {
        return value == null ? 0 : value;
    }

    boolean isSame() {
        return relative != null && Noise.isSame(relative);
    }

    boolean isBeyondNoise() {
        return relative == null || relative > noise;
    }

    TensorChange.Place place() {
        return new TensorChange.Place(
                tensor.name(),
                tensor.kind().name().toLowerCase(Locale.ROOT),
                position,
                tensor.shape(),
                relative,
                noise,
                note);
    }
}
