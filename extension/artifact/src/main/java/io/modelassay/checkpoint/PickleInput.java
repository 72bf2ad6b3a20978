package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The bytes of one or more pickles that follow each other in a file, read once from front to back. */
final class PickleInput {

    /**
     * Longest pickle read. A pickle names tensors and does not hold them: 100,000 tensors take about 30 MB. Whatever is
     * built from a pickle is bounded through its length and {@link PickleBudget}.
     */
    static final long MOST_BYTES = 64L << 20;

    /** Longer strings are passed over: no tensor, type or storage has such a name. */
    static final int LONGEST_TEXT = 1 << 16;

    private static final int LONGEST_LINE = 1 << 10;
    private static final int WINDOW_BYTES = 1 << 16;

    private final Path file;
    private final FileChannel channel;
    private final long end;
    private final ByteBuffer window =
            ByteBuffer.allocate(WINDOW_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    private long windowStart;
    private long pickleStart;

    /**
     * @param start where the first pickle starts in the file
     * @param end one past the last byte that may belong to a pickle
     */
    PickleInput(Path file, FileChannel channel, long start, long end) {
        this.file = file;
        this.channel = channel;
        this.end = end;
        this.windowStart = start;
        this.pickleStart = start;
    }

    /** Says that a new pickle starts here, to which the longest length applies anew. */
    void begin() {
        pickleStart = position();
    }

    /** Place in the file of the next byte. */
    long position() {
        return windowStart + window.position();
    }

    int readByte() {
        need(1);
        return window.get() & 0xFF;
    }

    int readShort() {
        need(2);
        return window.getShort() & 0xFFFF;
    }

    int readInt() {
        need(4);
        return window.getInt();
    }

    long readLong() {
        need(8);
        return window.getLong();
    }

    /** Eight bytes, the only ones of a pickle that are big-endian. */
    double readDouble() {
        return Double.longBitsToDouble(Long.reverseBytes(readLong()));
    }

    byte[] readBytes(int length) {
        check(length);
        byte[] bytes = new byte[length];
        int done = 0;
        while (done < length) {
            need(1);
            int part = Math.min(window.remaining(), length - done);
            window.get(bytes, done, part);
            done += part;
        }
        return bytes;
    }

    /** Passes over bytes whose content does not matter. */
    void skip(long length) {
        check(length);
        long target = position() + length;
        if (target <= windowStart + window.limit()) {
            window.position((int) (target - windowStart));
        } else {
            windowStart = target;
            window.limit(0);
        }
    }

    /** Text of this many bytes, or {@link PickleData#LONG_TEXT} if it is too long to be of interest. */
    Object readText(long length) {
        long at = position();
        if (length < 0 || length > LONGEST_TEXT) {
            skip(length);
            return PickleData.LONG_TEXT;
        }
        return decode(readBytes((int) length), at);
    }

    /** Text up to the next line feed, which is consumed. */
    String readLine() {
        long at = position();
        StringBuilder line = new StringBuilder();
        for (int next = readByte(); next != '\n'; next = readByte()) {
            if (line.length() == LONGEST_LINE) {
                throw problem(
                                CheckpointProblem.INVALID_PICKLE,
                                "The pickle holds a name of more than " + LONGEST_LINE + " bytes",
                                at)
                        .next("get the file from its publisher again");
            }
            line.append((char) next);
        }
        return line.toString();
    }

    private String decode(byte[] bytes, long at) {
        try {
            CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return text.toString();
        } catch (CharacterCodingException e) {
            throw problem(CheckpointProblem.INVALID_PICKLE, "The pickle holds a string that is not UTF-8", at)
                    .cause(e)
                    .next("get the file from its publisher again");
        }
    }

    /** Starts an exception about this file. */
    CheckpointException.Builder problem(CheckpointProblem problem, String what, long at) {
        return CheckpointException.of(problem, what).file(file).at(at);
    }

    private void check(long length) {
        long at = position();
        if (length < 0 || length > end - at) {
            throw problem(
                            CheckpointProblem.TRUNCATED_FILE,
                            "The pickle goes on beyond its end: it needs " + Long.toUnsignedString(length)
                                    + " more bytes where " + (end - at) + " are left",
                            at)
                    .next("download or copy the file again; it is cut off or damaged");
        }
        if (at + length - pickleStart > MOST_BYTES) {
            throw tooLong(at);
        }
    }

    CheckpointException tooLong(long at) {
        return problem(
                        CheckpointProblem.PICKLE_TOO_LARGE,
                        "The pickle is longer than " + MOST_BYTES
                                + " bytes; one that only names tensors takes some hundred bytes for each",
                        at)
                .next("save the state dict alone: torch.save(model.state_dict(), path)");
    }

    private void need(int length) {
        check(length);
        if (window.remaining() >= length) {
            return;
        }
        long at = position();
        window.compact();
        window.limit((int) Math.min(WINDOW_BYTES, end - at));
        try {
            while (window.position() < length) {
                if (channel.read(window, at + window.position()) < 0) {
                    throw FileReads.gotShorter(file, at);
                }
            }
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
        window.flip();
        windowStart = at;
    }
}
