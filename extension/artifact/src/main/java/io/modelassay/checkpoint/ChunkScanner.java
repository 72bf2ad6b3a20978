package io.modelassay.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.Arrays;

/** Feeds the bytes of a chunk to the scanner of its type, block by block. For use by one thread. */
final class ChunkScanner {

    /**
     * Longs a block. C2 of JDK 17 does not vectorize a loop over a mapped buffer, but both the copy to the heap and the
     * loop over an array. At 4 KiB the copy stays in the first-level cache; at 16 KiB the scan was a third slower.
     */
    private static final int BLOCK = 512;

    /** Most blocks tested before their flags are looked at. */
    private static final int LONGEST_RUN = 32;

    private final long[] block = new long[BLOCK];
    private final long[] flags = new long[BLOCK];

    /**
     * What one chunk held.
     *
     * @param firstNonFinite flat index in the tensor, {@link Long#MAX_VALUE} if there is none
     * @param hint where another chunk of the same tensor may start
     */
    record Result(long nan, long inf, double absMax, long firstNonFinite, long hint) {}

    /**
     * Scans whole elements.
     *
     * @param bytes the elements, from position 0 to the limit, at any alignment
     * @param firstElement flat index of the first
     * @param hint what an earlier chunk of the same tensor returned, or 0
     */
    Result scan(TensorType type, ByteBuffer bytes, long firstElement, long hint) {
        if (type.bits() == 6) {
            SixBitScanner scanner = new SixBitScanner();
            scanner.accept(bytes);
            return new Result(0, 0, scanner.absMax(type), Long.MAX_VALUE, 0);
        }
        LaneScanner scanner = LaneScanner.of(type);
        scanner.startFrom(hint);
        LongBuffer longs = bytes.slice().order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
        int total = longs.remaining();
        int run = 1;
        for (int at = 0; at < total; ) {
            int end = Math.min(total, at + run * BLOCK);
            if (flagged(scanner, longs, at, end)) {
                inspect(scanner, longs, at, end, firstElement);
                run = 1;
            } else {
                run = Math.min(LONGEST_RUN, 2 * run);
            }
            at = end;
        }
        int tail = bytes.limit() % Long.BYTES;
        if (tail > 0) {
            // Zero is finite and the smallest value in every type, so it may fill the missing lanes.
            block[0] = 0;
            for (int i = 0; i < tail; i++) {
                block[0] |= (bytes.get(bytes.limit() - tail + i) & 0xFFL) << (8 * i);
            }
            scanner.inspect(block, 1, firstElement + (long) total * scanner.lanes);
        }
        return new Result(scanner.nan(), scanner.inf(), scanner.absMax(), scanner.firstNonFinite(), scanner.hint());
    }

    private boolean flagged(LaneScanner scanner, LongBuffer longs, int from, int to) {
        Arrays.fill(flags, 0);
        for (int at = from; at < to; at += BLOCK) {
            int length = Math.min(BLOCK, to - at);
            longs.get(at, block, 0, length);
            scanner.test(block, length, flags);
        }
        long all = 0;
        for (long flag : flags) {
            all |= flag;
        }
        return (all & scanner.flagBits()) != 0;
    }

    private void inspect(LaneScanner scanner, LongBuffer longs, int from, int to, long firstElement) {
        for (int at = from; at < to; at += BLOCK) {
            int length = Math.min(BLOCK, to - at);
            longs.get(at, block, 0, length);
            scanner.inspect(block, length, firstElement + (long) at * scanner.lanes);
        }
    }
}
