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
}
