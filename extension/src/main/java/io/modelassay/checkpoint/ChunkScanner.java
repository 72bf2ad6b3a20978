package io.modelassay.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/** Feeds the bytes of a chunk to the scanner of its type, block by block. For use by one thread. */
final class ChunkScanner {

    /** Longs a block: large enough to amortize the check after it, small enough to be in the cache when inspected. */
    private static final int BLOCK = 4096;

    private final ByteBuffer scratch =
            ByteBuffer.allocateDirect(BLOCK * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);

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
        int whole = bytes.limit() / Long.BYTES;
        if (bytes.isDirect()) {
            LongBuffer longs = longs(bytes);
            for (int at = 0; at < whole; at += BLOCK) {
                scanner.accept(longs, at, Math.min(at + BLOCK, whole), firstElement);
            }
        } else {
            for (int at = 0; at < whole; at += BLOCK) {
                int length = Math.min(BLOCK, whole - at);
                scratch.put(0, bytes, at * Long.BYTES, length * Long.BYTES);
                scanner.accept(longs(scratch), 0, length, firstElement + (long) at * scanner.lanes);
            }
        }
        int tail = bytes.limit() % Long.BYTES;
        if (tail > 0) {
            // Zero is finite and the smallest value in every type, so it may fill the missing lanes.
            scratch.putLong(0, 0);
            scratch.put(0, bytes, whole * Long.BYTES, tail);
            scanner.accept(longs(scratch), 0, 1, firstElement + (long) whole * scanner.lanes);
        }
        return new Result(scanner.nan(), scanner.inf(), scanner.absMax(), scanner.firstNonFinite(), scanner.hint());
    }

    /** Always of one class, direct and read-only, or the hot loops would lose their inlining and with it their speed. */
    private static LongBuffer longs(ByteBuffer bytes) {
        return bytes.asReadOnlyBuffer()
                .position(0)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asLongBuffer();
    }
}
