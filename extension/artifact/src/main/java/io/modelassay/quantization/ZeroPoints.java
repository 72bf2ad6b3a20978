package io.modelassay.quantization;

import java.nio.ByteBuffer;

/** Codes packed into little-endian words, lowest bits first: one stream of bits, over word ends where bits do not fit. */
final class ZeroPoints {
    private ZeroPoints() {}

    /** Code number {@code index} of {@code bits} bits. */
    static int field(ByteBuffer words, int index, int bits) {
        int bit = index * bits;
        int low = (words.get(bit >> 3) & 0xFF) >>> (bit & 7);
        int have = 8 - (bit & 7);
        int high = have < bits ? (words.get((bit >> 3) + 1) & 0xFF) << have : 0;
        return (low | high) & ((1 << bits) - 1);
    }

    /**
     * Words in which a zero point of 0, stored as -1, has filled all higher fields with ones. None where some word holds a
     * field of ones below another value: whoever wrote that one kept the fields apart.
     */
    static long carried(ByteBuffer words, int bits) {
        if (32 % bits != 0) {
            return 0;
        }
        long carried = 0;
        for (int at = 0; at + 4 <= words.limit(); at += 4) {
            int fields = ones(words.getInt(at), bits);
            if (fields < 0) {
                return 0;
            }
            carried += fields;
        }
        return carried;
    }

    /** 1 where fields of ones fill a word from some field below the last one up, -1 where one stands lower, else 0. */
    private static int ones(int word, int bits) {
        int mask = (1 << bits) - 1;
        int count = 32 / bits;
        int lowest = count;
        for (int field = 0; field < count; field++) {
            boolean full = ((word >>> (field * bits)) & mask) == mask;
            if (full && lowest == count) {
                lowest = field;
            } else if (!full && lowest < count) {
                return -1;
            }
        }
        return lowest < count - 1 ? 1 : 0;
    }
}
