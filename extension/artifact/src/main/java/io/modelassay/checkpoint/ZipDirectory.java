package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the entries of a zip archive lie. Reads stored entries only, of archives on which no two zip readers can disagree:
 * names occur once, and nothing follows the end record. Checksums are not compared; torch may be told not to write them.
 */
final class ZipDirectory {

    /** Longest central directory read; an entry takes about 100 bytes. */
    static final long MOST_BYTES = 32L << 20;

    private static final int END_BYTES = 22;
    private static final int END_SIGNATURE = 0x06054B50;
    private static final int LOCATOR_BYTES = 20;
    private static final int LOCATOR_SIGNATURE = 0x07064B50;
    private static final int END64_BYTES = 56;
    private static final int END64_SIGNATURE = 0x06064B50;
    private static final int ENTRY_BYTES = 46;
    private static final int ENTRY_SIGNATURE = 0x02014B50;
    private static final int LOCAL_BYTES = 30;
    private static final int LOCAL_SIGNATURE = 0x04034B50;
    private static final int ZIP64_EXTRA = 1;
    private static final long NARROW = 0xFFFF_FFFFL;

    /** A range of the file. */
    record Extent(long offset, long length) {}

    private record Entry(String name, long localOffset, long size, boolean plain) {}

    private final Path file;
    private final FileChannel channel;
    private final long fileLength;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private long directoryStart;

    private ZipDirectory(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        this.fileLength = channel.size();
    }

    /** @throws CheckpointException if the archive is damaged, ambiguous, compressed, or names a path that escapes */
    static ZipDirectory read(Path file, FileChannel channel) throws IOException {
        ZipDirectory directory = new ZipDirectory(file, channel);
        directory.read();
        return directory;
    }

    /** Names of all entries, in the order of the directory. */
    Iterable<String> names() {
        return entries.keySet();
    }

    /**
     * Where the bytes of an entry lie, by its local header: torch pads there and not in the directory. Null if there is no
     * such entry.
     */
    @Nullable
    Extent find(String name) throws IOException {
        Entry entry = entries.get(name);
        if (entry == null) {
            return null;
        }
        long at = entry.localOffset();
        if (!entry.plain()) {
            throw broken(
                    "The entry " + CheckpointException.quote(name)
                            + " is compressed or encrypted; torch.save only stores, and nothing is unpacked here",
                    at);
        }
        if (at < 0 || at > directoryStart - LOCAL_BYTES) {
            throw broken("The entry " + CheckpointException.quote(name) + " starts outside the archive's data", at);
        }
        ByteBuffer header = bytes(at, LOCAL_BYTES);
        int nameLength = header.getShort(26) & 0xFFFF;
        long data = at + LOCAL_BYTES + nameLength + (header.getShort(28) & 0xFFFF);
        if (header.getInt(0) != LOCAL_SIGNATURE || header.getShort(8) != 0) {
            throw broken("The entry " + CheckpointException.quote(name) + " has no header of a stored entry", at);
        }
        if (data > directoryStart || entry.size() > directoryStart - data) {
            throw broken(
                    "The entry " + CheckpointException.quote(name) + " has " + entry.size() + " bytes from byte " + data
                            + " on, beyond the archive's data",
                    at);
        }
        if (!name.equals(text(bytes(at + LOCAL_BYTES, nameLength), at))) {
            throw broken("The entry " + CheckpointException.quote(name) + " has another name in its own header", at);
        }
        return new Extent(data, entry.size());
    }

    private void read() throws IOException {
        long endAt = fileLength - END_BYTES;
        if (endAt < 0) {
            throw cutOff();
        }
        ByteBuffer end = bytes(endAt, END_BYTES);
        if (end.getInt(0) != END_SIGNATURE || end.getShort(20) != 0) {
            throw cutOff();
        }
        long count = end.getShort(10) & 0xFFFF;
        long size = end.getInt(12) & NARROW;
        long start = end.getInt(16) & NARROW;
        long limit = endAt;
        ByteBuffer wide = wideEnd(endAt);
        if (wide != null) {
            limit = bytes(endAt - LOCATOR_BYTES, LOCATOR_BYTES).getLong(8);
            checkSame(count, 0xFFFF, wide.getLong(32), endAt);
            checkSame(size, NARROW, wide.getLong(40), endAt);
            checkSame(start, NARROW, wide.getLong(48), endAt);
            count = wide.getLong(32);
            size = wide.getLong(40);
            start = wide.getLong(48);
        }
        if (start < 0 || size < 0 || start > limit || size > limit - start || count < 0 || count > size / ENTRY_BYTES) {
            throw broken("The archive's directory lies outside the file, or is too short for its entries", endAt);
        }
        if (size > MOST_BYTES) {
            throw broken("The archive's directory has " + size + " bytes, at most " + MOST_BYTES + " are read", start);
        }
        directoryStart = start;
        readEntries(bytes(start, (int) size), count);
    }

    private @Nullable ByteBuffer wideEnd(long endAt) throws IOException {
        if (endAt < LOCATOR_BYTES + END64_BYTES) {
            return null;
        }
        ByteBuffer locator = bytes(endAt - LOCATOR_BYTES, LOCATOR_BYTES);
        if (locator.getInt(0) != LOCATOR_SIGNATURE) {
            return null;
        }
        long at = locator.getLong(8);
        if (at < 0 || at > endAt - LOCATOR_BYTES - END64_BYTES) {
            throw broken("The archive's 64-bit end record lies outside the file", endAt - LOCATOR_BYTES);
        }
        ByteBuffer wide = bytes(at, END64_BYTES);
        if (wide.getInt(0) != END64_SIGNATURE) {
            throw broken("The archive has no 64-bit end record where it says", at);
        }
        return wide;
    }

    private void checkSame(long narrow, long escape, long wide, long at) {
        if (narrow != escape && narrow != wide) {
            throw broken("The archive's two end records differ; readers disagree on what it holds", at);
        }
    }

    private void readEntries(ByteBuffer directory, long count) {
        for (long i = 0; i < count; i++) {
            int from = directory.position();
            long at = directoryStart + from;
            if (directory.remaining() < ENTRY_BYTES || directory.getInt(from) != ENTRY_SIGNATURE) {
                throw broken("The archive's directory is damaged at entry " + i, at);
            }
            int nameLength = directory.getShort(from + 28) & 0xFFFF;
            int extraLength = directory.getShort(from + 30) & 0xFFFF;
            int next = from + ENTRY_BYTES + nameLength + extraLength + (directory.getShort(from + 32) & 0xFFFF);
            if (next > directory.limit()) {
                throw broken("The archive's directory ends within entry " + i, at);
            }
            String name = text(directory.slice(from + ENTRY_BYTES, nameLength), at);
            checkName(name, at);
            ByteBuffer extra = directory
                    .slice(from + ENTRY_BYTES + nameLength, extraLength)
                    .order(ByteOrder.LITTLE_ENDIAN);
            add(entry(name, directory, from, extra, at), at);
            directory.position(next);
        }
        if (directory.hasRemaining()) {
            throw broken("The archive's directory goes on after its last entry", directoryStart + directory.position());
        }
    }

    private Entry entry(String name, ByteBuffer directory, int from, ByteBuffer extra, long at) {
        long compressed = directory.getInt(from + 20) & NARROW;
        long size = directory.getInt(from + 24) & NARROW;
        long local = directory.getInt(from + 42) & NARROW;
        ByteBuffer wide = wideFields(extra);
        // In this order, and only those that do not fit.
        size = size == NARROW ? nextWide(wide, at) : size;
        compressed = compressed == NARROW ? nextWide(wide, at) : compressed;
        local = local == NARROW ? nextWide(wide, at) : local;
        boolean plain = (directory.getShort(from + 8) & 1) == 0 && directory.getShort(from + 10) == 0;
        if (size < 0 || (plain && size != compressed)) {
            throw broken("The stored entry " + CheckpointException.quote(name) + " has two sizes", at);
        }
        return new Entry(name, local, size, plain);
    }

    private static ByteBuffer wideFields(ByteBuffer extra) {
        while (extra.remaining() >= 4) {
            int id = extra.getShort() & 0xFFFF;
            int length = Math.min(extra.getShort() & 0xFFFF, extra.remaining());
            if (id == ZIP64_EXTRA) {
                return extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
            }
            extra.position(extra.position() + length);
        }
        return ByteBuffer.allocate(0);
    }

    private long nextWide(ByteBuffer wide, long at) {
        if (wide.remaining() < 8) {
            throw broken("An entry of the archive lacks its 64-bit size or place", at);
        }
        return wide.getLong();
    }

    private void checkName(String name, long at) {
        String why = CheckpointFolder.whyUnsafe(name);
        if (why != null) {
            throw CheckpointException.of(
                            CheckpointProblem.PATH_ESCAPE,
                            "The archive holds an entry whose name " + CheckpointException.quote(name) + " " + why)
                    .file(file)
                    .at(at)
                    .next("get the file from its publisher again; torch.save does not write this");
        }
    }

    private void add(Entry entry, long at) {
        if (entries.putIfAbsent(entry.name(), entry) != null) {
            throw broken(
                    "The archive holds " + CheckpointException.quote(entry.name())
                            + " twice; readers disagree on which one counts",
                    at);
        }
    }

    private String text(ByteBuffer bytes, long at) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw broken("The archive has an entry whose name is not UTF-8", at);
        }
    }

    private ByteBuffer bytes(long at, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        FileReads.fully(file, channel, buffer, at);
        return buffer.flip();
    }

    private CheckpointException cutOff() {
        return CheckpointException.of(
                        CheckpointProblem.TRUNCATED_FILE,
                        "The file starts as a zip archive and does not end with its end record: it is cut off, or"
                                + " something follows")
                .file(file)
                .at(fileLength)
                .next("download or copy the file again");
    }

    private CheckpointException broken(String what, long at) {
        return CheckpointException.of(CheckpointProblem.INVALID_ARCHIVE, what)
                .file(file)
                .at(Math.max(at, 0))
                .next("get the file from its publisher again, or write it again with torch.save");
    }
}
