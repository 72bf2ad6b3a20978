package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/**
 * Memory-mapped windows onto tensor files, made when first asked for and shared. A window starts at every GiB and spans
 * up to 2 GiB, so that any range of up to 1 GiB lies in one window; ranges beyond get a mapping of their own.
 *
 * <p>Java 17 has no safe way to unmap while a buffer may still be in use, so {@link #close} only forgets the windows and
 * the address space is returned once the last buffer is unreachable. Mapped pages are page cache, not process memory.
 */
final class TensorMapping {

    private static final long STRIDE = 1L << 30;

    private record Window(Path file, long index) {}

    private final Map<Window, MappedByteBuffer> windows = new HashMap<>();
    private boolean closed;

    /** A fresh little-endian read-only view of a range of a file. */
    ByteBuffer map(Path file, long offset, int length) {
        ByteBuffer window;
        long start = offset / STRIDE * STRIDE;
        synchronized (this) {
            if (closed) {
                throw CheckpointException.of(CheckpointProblem.CLOSED, "The checkpoint has been closed")
                        .file(file)
                        .next("keep the checkpoint open for as long as its tensors are read");
            }
            if (offset - start + length > Integer.MAX_VALUE) {
                window = newMapping(file, offset, length);
                start = offset;
            } else {
                long windowStart = start;
                window = windows.computeIfAbsent(
                        new Window(file, start / STRIDE), key -> newMapping(file, windowStart, Integer.MAX_VALUE));
            }
        }
        // Not by the window alone: it keeps its size when the file is cut, and reading what is gone ends the JVM.
        long end = Math.min(start + window.capacity(), size(file));
        if (offset + length > end) {
            throw CheckpointException.of(CheckpointProblem.FILE_CHANGED, "The file got shorter since it was opened")
                    .file(file)
                    .at(end)
                    .next("make sure that nothing writes to the checkpoint during a test");
        }
        return window.slice((int) (offset - start), length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
    }

    private static MappedByteBuffer newMapping(Path file, long start, int mostBytes) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long length = Math.max(0, Math.min(mostBytes, channel.size() - start));
            return channel.map(FileChannel.MapMode.READ_ONLY, start, length);
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
    }

    synchronized void close() {
        closed = true;
        windows.clear();
    }
}
