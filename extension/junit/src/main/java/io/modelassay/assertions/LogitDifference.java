package io.modelassay.assertions;

/**
 * The largest difference between two sets of logits {@code [positions][vocabulary]}; NaN exceeds every other.
 *
 * @param size its size
 * @param position the position it is at
 * @param token the token whose logit differs
 * @param found the logit that was found
 * @param wanted the logit that it should be
 */
record LogitDifference(double size, int position, int token, float found, float wanted) {
    static LogitDifference largest(float[][] found, float[][] wanted) {
        double worst = -1;
        int position = 0;
        int token = 0;
        for (int i = 0; i < found.length; i++) {
            for (int j = 0; j < found[i].length; j++) {
                double difference = Math.abs((double) found[i][j] - wanted[i][j]);
                if (difference > worst || (Double.isNaN(difference) && !Double.isNaN(worst))) {
                    worst = difference;
                    position = i;
                    token = j;
                }
            }
        }
        return new LogitDifference(worst, position, token, found[position][token], wanted[position][token]);
    }

    /** Such as {@code up to 0.1: at position 3 token 7 has 1.5, not 1.4}. */
    @Override
    public String toString() {
        return "up to " + Failure.number("%.4g", size) + ": at position " + position + " token " + token + " has "
                + Failure.number("%.4f", found) + ", not " + Failure.number("%.4f", wanted);
    }
}
