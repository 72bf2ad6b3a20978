package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** A sketch tells the distance of two tensors without both being there. */
class ForwardSketchTest {
    private static final int SUMS = 16;
    private static final Kernels KERNELS = Kernels.shared(TorchEngine.on(Device.CPU), "sketch.py");

    @Test
    void theDistanceOfTwoTensorsIsThatOfTheirSketches() {
        float[] values = values(200_000);
        float[] moved = values.clone();
        Random random = new Random(7);
        double distance = 0;
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (0.01 * random.nextGaussian());
            distance += Math.pow(moved[i] - values[i], 2);
        }

        double[] a = sketch(values);
        double[] b = sketch(moved);

        double estimated = 0;
        for (int i = 2; i < SUMS + 2; i++) {
            estimated += Math.pow(a[i] - b[i], 2) / SUMS;
        }
        // Sixteen sums know a squared distance to about 35 %; the seed makes this one repeatable.
        assertThat(Math.sqrt(estimated / distance)).isBetween(0.6, 1.5);
        assertThat(a[0]).isEqualTo(norm(values), within(1e-9 * norm(values)));
        assertThat(a[1]).isEqualTo(largest(values));
    }

    @Test
    void oneChangedValueChangesEverySum() {
        float[] values = values(100_000);
        float[] moved = values.clone();
        moved[77_777] += 1e-3f;

        double[] a = sketch(values);
        double[] b = sketch(moved);

        for (int i = 2; i < SUMS + 2; i++) {
            assertThat(Math.abs(a[i] - b[i])).isEqualTo(1e-3, within(1e-6));
        }
        assertThat(sketch(values)).isEqualTo(a);
    }

    @Test
    void theSignsAreBalancedAndUnlikeEachOther() {
        int count = 1 << 16;
        float[] ones = new float[count];
        java.util.Arrays.fill(ones, 1);
        double[] sums = sketch(ones);

        for (int i = 2; i < SUMS + 2; i++) {
            assertThat(Math.abs(sums[i])).as("sum %d", i).isLessThan(5 * Math.sqrt(count));
            for (int j = 2; j < i; j++) {
                assertThat(sums[i]).as("sums %d and %d", i, j).isNotEqualTo(sums[j]);
            }
        }
    }

    private static float[] values(int count) {
        Random random = new Random(3);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double largest(float[] values) {
        double largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static double norm(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    private static double[] sketch(float[] values) {
        try (Tensor tensor = TorchEngine.on(Device.CPU).floats(values);
                Tensor numbers = KERNELS.call("sketch", tensor, SUMS)) {
            return KERNELS.doubles(numbers);
        }
    }
}
