package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;

/** How far values are from the recorded ones. */
final class Deviation {
    private Deviation() {}

    /** The largest absolute difference of {@code actual}'s last rows from {@code expected}, which has those alone. */
    static double largest(float[] expected, float[][] actual) {
        int columns = actual[0].length;
        assertThat(expected.length % columns).isZero();
        int rows = expected.length / columns;
        double largest = 0;
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                double difference =
                        Math.abs(expected[row * columns + column] - actual[actual.length - rows + row][column]);
                // A NaN would lose every comparison.
                largest = difference >= 0 ? Math.max(largest, difference) : Double.POSITIVE_INFINITY;
            }
        }
        return largest;
    }
}
