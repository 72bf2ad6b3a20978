package io.modelassay.matrix;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps an output stream of a cell's JVM in a file. Of more than 8 MiB the middle is left out, so that a flood costs neither
 * memory nor disk.
 */
final class CellOutput implements Runnable {
    private static final int HALF = 4 << 20;

    private final String name;
    private final InputStream from;
    private final Path file;
    private final byte[] tail = new byte[HALF];
    private long read;
    private boolean binary;
    private String failure = "";

    CellOutput(String name, InputStream from, Path file) {
        this.name = name;
        this.from = from;
        this.file = file;
    }

    @Override
    public void run() {
        byte[] chunk = new byte[1 << 16];
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int count = from.read(chunk); count >= 0; count = from.read(chunk)) {
                keep(chunk, count, out);
            }
            writeTail(out);
        } catch (IOException e) {
            failure = name + ": " + e.getMessage();
        }
    }

    private synchronized void keep(byte[] chunk, int count, OutputStream out) throws IOException {
        int head = (int) Math.max(0, Math.min(count, HALF - read));
        out.write(chunk, 0, head);
        for (int i = 0; i < count; i++) {
            binary |= chunk[i] == 0;
            if (i >= head) {
                tail[(int) ((read + i - HALF) % HALF)] = chunk[i];
            }
        }
        read += count;
    }

    private synchronized void writeTail(OutputStream out) throws IOException {
        long behind = read - HALF;
        if (behind > HALF) {
            out.write(("\n[modelassay: " + (behind - HALF) + " bytes left out]\n").getBytes(StandardCharsets.UTF_8));
            int first = (int) (behind % HALF);
            out.write(tail, first, HALF - first);
            out.write(tail, 0, first);
        } else if (behind > 0) {
            out.write(tail, 0, (int) behind);
        }
    }

    /** What was odd about the stream. */
    synchronized List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (read > 2L * HALF) {
            notes.add(name + ": more than 8 MiB were written, the middle is left out");
        }
        if (binary) {
            notes.add(name + ": binary output");
        }
        if (!failure.isEmpty()) {
            notes.add(failure);
        }
        return notes;
    }
}
