package io.modelassay.adapter;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The matrices that PyTorch's {@code kaiming_uniform_} draws one after the other from a CPU generator with a seed: values
 * between plus and minus sqrt(6 / columns), of the low 24 bits of MT19937 (Matsumoto and Nishimura, 1998).
 */
final class SeededProjections {
    private static final int WORDS = 624;
    private static final int MIDDLE = 397;

    private final int[] state = new int[WORDS];
    private int next = WORDS;

    SeededProjections(long seed) {
        state[0] = (int) seed;
        for (int i = 1; i < WORDS; i++) {
            state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
        }
    }

    AdapterTensor next(String name, Shape shape) {
        float bound = (float) (Math.sqrt(3) * (Math.sqrt(2) / Math.sqrt((double) shape.dimension(1))));
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact(4 * shape.elementCount()))
                .order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            float unit = (word() & 0xFFFFFF) * 0x1p-24f;
            bytes.putFloat(unit * (bound + bound) - bound);
        }
        ByteBuffer values = bytes.flip().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        return new AdapterTensor(
                name, TensorType.F32, shape, () -> values.duplicate().order(ByteOrder.LITTLE_ENDIAN));
    }

    private int word() {
        if (next == WORDS) {
            twist();
            next = 0;
        }
        int word = state[next++];
        word ^= word >>> 11;
        word ^= (word << 7) & 0x9D2C5680;
        word ^= (word << 15) & 0xEFC60000;
        return word ^ (word >>> 18);
    }

    private void twist() {
        for (int i = 0; i < WORDS; i++) {
            int joined = (state[i] & 0x80000000) | (state[(i + 1) % WORDS] & 0x7FFFFFFF);
            state[i] = state[(i + MIDDLE) % WORDS] ^ (joined >>> 1) ^ ((joined & 1) * 0x9908B0DF);
        }
    }
}
