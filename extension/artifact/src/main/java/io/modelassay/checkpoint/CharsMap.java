package io.modelassay.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.Optional;

/**
 * The {@code precompiled_charsmap} of a tokenizer: the size of a double-array trie, its units, and the texts that its leaves
 * point to. The library that walks it checks nothing and ends the process outside of the array, so every place that some
 * text can reach is looked at here.
 */
final class CharsMap {
    private static final int LARGEST_BYTE = 0xFF;

    private final ByteBuffer units;
    private final int count;
    private final byte[] texts;
    private final BitSet seen = new BitSet();
    private final Deque<Integer> open = new ArrayDeque<>();

    private CharsMap(ByteBuffer units, byte[] texts) {
        this.units = units;
        this.count = units.remaining() / 4;
        this.texts = texts;
    }

    /** What is wrong with {@code bytes}, if anything. */
    static Optional<String> fault(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < 8) {
            return Optional.of("has " + bytes.length + " bytes, fewer than its shortest form");
        }
        long size = Integer.toUnsignedLong(in.getInt()) / 4 * 4;
        if (size < 4 || size > in.remaining()) {
            return Optional.of("says that its trie has " + size + " bytes, and holds " + in.remaining());
        }
        byte[] texts = new byte[in.remaining() - (int) size];
        in.slice(in.position() + (int) size, texts.length).get(texts);
        if (JsonDocument.notUtf8At(texts) >= 0) {
            return Optional.of("holds texts that are not UTF-8");
        }
        return new CharsMap(in.slice(in.position(), (int) size).order(ByteOrder.LITTLE_ENDIAN), texts).walk();
    }

    private int unit(int place) {
        return units.getInt(4 * place);
    }

    private Optional<String> walk() {
        if (!visit(shifted(unit(0)))) {
            return Optional.of("has a trie that leads outside of itself");
        }
        while (!open.isEmpty()) {
            int node = open.pop();
            for (int c = 1; c <= LARGEST_BYTE; c++) {
                int place = node ^ c;
                int unit = unit(place);
                if ((unit & (0x80000000 | 0xFF)) != c) {
                    continue;
                }
                long next = place ^ shifted(unit);
                if (!visit(next)) {
                    return Optional.of("has a trie that leads outside of itself");
                }
                boolean leaf = ((unit >>> 8) & 1) == 1;
                if (leaf && !isText(unit((int) next) & 0x7FFFFFFF)) {
                    return Optional.of("has a leaf that points into no text");
                }
            }
        }
        return Optional.empty();
    }

    private static long shifted(int unit) {
        return Integer.toUnsignedLong((unit >>> 10) << ((unit & (1 << 9)) >>> 6));
    }

    /** Whether all units that a further byte may lead to are there. */
    private boolean visit(long node) {
        if ((node | LARGEST_BYTE) >= count) {
            return false;
        }
        if (!seen.get((int) node)) {
            seen.set((int) node);
            open.push((int) node);
        }
        return true;
    }

    private boolean isText(int index) {
        return index <= texts.length && (index == texts.length || (texts[index] & 0xC0) != 0x80);
    }
}
