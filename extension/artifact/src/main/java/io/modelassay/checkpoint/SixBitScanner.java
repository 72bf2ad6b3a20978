package io.modelassay.checkpoint;

import java.nio.ByteBuffer;

/** F6: four values in three bytes, the first in the lowest bits; no NaN, no infinity, and no library that writes it. */
final class SixBitScanner {

    private long max;

    void accept(ByteBuffer bytes) {
        for (int at = 0; at + 2 < bytes.limit(); at += 3) {
            int packed = (bytes.get(at) & 0xFF) | (bytes.get(at + 1) & 0xFF) << 8 | (bytes.get(at + 2) & 0xFF) << 16;
            for (int shift = 0; shift < 24; shift += 6) {
                max = Math.max(max, (packed >>> shift) & 0x1F);
            }
        }
    }

    double absMax(TensorType type) {
        return FloatCode.magnitude(type, max);
    }
}
