package io.modelassay.evaluation;

import org.apiguardian.api.API;

/**
 * What a figure is held to.
 *
 * @param bound the bound itself
 * @param direction on which side of it figures hold
 * @param unit unit of the bound, such as {@code %}; may be empty
 */
@API(status = API.Status.EXPERIMENTAL)
public record Limit(double bound, Direction direction, String unit) {
    /** On which side of a bound figures hold. */
    public enum Direction {
        /** Figures up to the bound. */
        AT_MOST("at most", true),
        /** Figures less than the bound. */
        BELOW("below", true),
        /** Figures from the bound on. */
        AT_LEAST("at least", false),
        /** Figures greater than the bound. */
        MORE_THAN("more than", false);

        private final String words;
        private final boolean limitsFromAbove;

        Direction(String words, boolean limitsFromAbove) {
            this.words = words;
            this.limitsFromAbove = limitsFromAbove;
        }

        /** As a person reads it, such as {@code at most}. */
        public String words() {
            return words;
        }

        /** Whether a greater figure is the worse one. */
        public boolean limitsFromAbove() {
            return limitsFromAbove;
        }
    }

    /** Whether {@code value} holds. NaN holds against no limit. */
    public boolean holds(double value) {
        return switch (direction) {
            case AT_MOST -> value <= bound;
            case BELOW -> value < bound;
            case AT_LEAST -> value >= bound;
            case MORE_THAN -> value > bound;
        };
    }
}
