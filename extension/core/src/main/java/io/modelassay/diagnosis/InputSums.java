package io.modelassay.diagnosis;

import java.util.BitSet;
import java.util.List;

/**
 * What flows into the linear modules of one input, summed over all tokens.
 *
 * @param modules the modules
 * @param largest the largest channel's sum of |x|
 * @param channel that channel
 * @param dead channels that are always 0
 */
record InputSums(List<String> modules, double largest, int channel, BitSet dead) {
    static InputSums of(List<String> modules, double[] sums) {
        BitSet dead = new BitSet();
        int top = 0;
        for (int i = 0; i < sums.length; i++) {
            dead.set(i, sums[i] == 0);
            top = sums[i] > sums[top] ? i : top;
        }
        return new InputSums(List.copyOf(modules), sums[top], top, dead);
    }
}
