package io.modelassay.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** Archives as torch.save writes them, put together by hand. */
final class TorchFiles {

    /** An entry; {@code localName} and {@code method} differ from the rule only in broken archives. */
    record Entry(String name, String localName, byte[] content, int method) {}

    private final List<Entry> entries = new ArrayList<>();
    private int declared = -1;
    private boolean wide;

    static TorchFiles archive() {
        return new TorchFiles();
    }

    /** A whole archive: the pickle, then storages "0", "1", … */
    static byte[] of(PickleBuilder pickle, byte[]... storages) {
        TorchFiles files = archive().add("archive/data.pkl", pickle.bytes());
        for (int i = 0; i < storages.length; i++) {
            files.add("archive/data/" + i, storages[i]);
        }
        return files.add("archive/version", "3\n").bytes();
    }

    TorchFiles add(String name, byte[] content) {
        entries.add(new Entry(name, name, content, 0));
        return this;
    }

    TorchFiles add(String name, String content) {
        return add(name, content.getBytes(StandardCharsets.UTF_8));
    }

    TorchFiles add(Entry entry) {
        entries.add(entry);
        return this;
    }

    /** With the 64-bit end record that torch always writes. */
    TorchFiles wide() {
        wide = true;
        return this;
    }

    /** Says another number of entries in the 64-bit end record. */
    TorchFiles declaring(int count) {
        wide = true;
        declared = count;
        return this;
    }

    byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream directory = new ByteArrayOutputStream();
        for (Entry entry : entries) {
            int at = out.size();
            byte[] local = entry.localName().getBytes(StandardCharsets.UTF_8);
            // Data starts at a multiple of 64, by a field that only the local header has.
            int padding = 64 - (at + 30 + local.length + 4) % 64;
            out.writeBytes(header(0x04034B50, 30 + local.length + 4 + padding)
                    .putShort(4, (short) 20)
                    .putShort(8, (short) entry.method())
                    .putInt(14, crc(entry.content()))
                    .putInt(18, entry.content().length)
                    .putInt(22, entry.content().length)
                    .putShort(26, (short) local.length)
                    .putShort(28, (short) (4 + padding))
                    .put(30, local)
                    .putShort(30 + local.length, (short) 0x4246)
                    .putShort(32 + local.length, (short) padding)
                    .array());
            out.writeBytes(entry.content());
            byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
            directory.writeBytes(header(0x02014B50, 46 + name.length)
                    .putShort(10, (short) entry.method())
                    .putInt(16, crc(entry.content()))
                    .putInt(20, entry.content().length)
                    .putInt(24, entry.content().length)
                    .putShort(28, (short) name.length)
                    .putInt(42, at)
                    .put(46, name)
                    .array());
        }
        int start = out.size();
        out.writeBytes(directory.toByteArray());
        end(out, start, directory.size());
        return out.toByteArray();
    }

    private void end(ByteArrayOutputStream out, int start, int size) {
        if (wide) {
            int at = out.size();
            int count = declared < 0 ? entries.size() : declared;
            out.writeBytes(header(0x06064B50, 56)
                    .putLong(4, 44)
                    .putLong(24, count)
                    .putLong(32, count)
                    .putLong(40, size)
                    .putLong(48, start)
                    .array());
            out.writeBytes(header(0x07064B50, 20).putLong(8, at).putInt(16, 1).array());
        }
        out.writeBytes(header(0x06054B50, 22)
                .putShort(8, (short) entries.size())
                .putShort(10, (short) entries.size())
                .putInt(12, size)
                .putInt(16, start)
                .array());
    }

    private static ByteBuffer header(int signature, int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN).putInt(0, signature);
    }

    private static int crc(byte[] content) {
        CRC32 crc = new CRC32();
        crc.update(content);
        return (int) crc.getValue();
    }

    /** Storage of the F32 values 0, 1, 2, … */
    static byte[] counting(int count) {
        ByteBuffer buffer = ByteBuffer.allocate(count * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            buffer.putFloat(i);
        }
        return buffer.array();
    }
}
