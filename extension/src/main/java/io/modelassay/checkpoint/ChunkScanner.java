package io.modelassay.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/** Feeds the bytes of a chunk to the scanner of its type through one reused array that stays in the first-level cache. */
final class ChunkScanner {

    /** Longs a block. Copying to the heap first lets C2 vectorize the test, which it can't over a buffer. */
    private static final int BLOCK = 2048;

    private final long[] block = new long[BLOCK];

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
        for (int at = 0; at < total; at += BLOCK) {
            int length = Math.min(BLOCK, total - at);
            longs.get(block, 0, length);
            scanner.accept(block, length, firstElement + (long) at * scanner.lanes);
        }
        int tail = bytes.limit() % Long.BYTES;
        if (tail > 0) {
            // Zero is finite and the smallest value in every type, so it may fill the missing lanes.
            block[0] = 0;
            for (int i = 0; i < tail; i++) {
                block[0] |= (bytes.get(bytes.limit() - tail + i) & 0xFFL) << (8 * i);
            }
            scanner.accept(block, 1, firstElement + (long) total * scanner.lanes);
        }
        return new Result(scanner.nan(), scanner.inf(), scanner.absMax(), scanner.firstNonFinite(), scanner.hint());
    }
}
