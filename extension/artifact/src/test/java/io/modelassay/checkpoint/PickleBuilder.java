package io.modelassay.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A pickle put together opcode by opcode, so that it can be wrong in any way. */
final class PickleBuilder {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** A pickle of protocol 2. */
    static PickleBuilder start() {
        return new PickleBuilder().op(0x80, 2);
    }

    /** A pickle without a protocol. */
    static PickleBuilder bare() {
        return new PickleBuilder();
    }

    int size() {
        return out.size();
    }

    PickleBuilder op(int... bytes) {
        for (int each : bytes) {
            out.write(each);
        }
        return this;
    }

    PickleBuilder raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    PickleBuilder global(String module, String name) {
        return op('c').raw((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    }

    PickleBuilder text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return op('X').int32(bytes.length).raw(bytes);
    }

    PickleBuilder int32(int value) {
        return raw(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
    }

    PickleBuilder integer(long value) {
        if (value >= 0 && value < 256) {
            return op('K', (int) value);
        }
        return op(0x8A, 8)
                .raw(ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array());
    }

    PickleBuilder tuple(long... values) {
        op('(');
        for (long value : values) {
            integer(value);
        }
        return op('t');
    }

    /** A storage, left on the stack. */
    PickleBuilder storage(String type, String key, long count) {
        return op('(').text("storage")
                .global("torch", type)
                .text(key)
                .text("cpu")
                .integer(count)
                .op('t', 'Q');
    }

    /** A storage of an old torch, which says what it views. */
    PickleBuilder oldStorage(String type, String key, long count) {
        return op('(').text("storage")
                .global("torch", type)
                .text(key)
                .text("cpu")
                .integer(count)
                .op('N', 't', 'Q');
    }

    /** A tensor of F32, left on the stack. */
    PickleBuilder tensor(String key, long count, long offset, long[] size, long[] stride) {
        return tensor("FloatStorage", key, count, offset, size, stride);
    }

    PickleBuilder tensor(String type, String key, long count, long offset, long[] size, long[] stride) {
        return global("torch._utils", "_rebuild_tensor_v2")
                .op('(')
                .storage(type, key, count)
                .view(offset, size, stride)
                .op('t', 'R');
    }

    /** The arguments of a tensor behind its storage. */
    PickleBuilder view(long offset, long[] size, long[] stride) {
        return integer(offset).tuple(size).tuple(stride).op(0x89).emptyOrderedDict();
    }

    PickleBuilder emptyOrderedDict() {
        return global("collections", "OrderedDict").op(')', 'R');
    }

    PickleBuilder stop() {
        return op('.');
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    static long[] of(long... values) {
        return values;
    }
}
