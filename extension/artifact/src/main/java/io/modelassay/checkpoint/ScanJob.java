package io.modelassay.checkpoint;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** One scan: tensors cut into chunks, which the threads take in turn, and what they found, merged for each tensor. */
final class ScanJob {

    /** A whole number of longs and of three-byte groups, and small enough to spread few tensors over many threads. */
    private static final int CHUNK_BYTES = 12 << 20;

    private record Chunk(Totals tensor, long offset, int length) {}

    private static final class Totals {
        private final TensorInfo tensor;
        private long nan;
        private long inf;
        private double absMax;
        private long firstNonFinite = Long.MAX_VALUE;
        /** Unsigned code of the largest value known. Spares later chunks from finding their way up again. */
        private long hint;

        Totals(TensorInfo tensor) {
            this.tensor = tensor;
        }

        synchronized long hint() {
            return hint;
        }

        synchronized void add(ChunkScanner.Result result) {
            nan += result.nan();
            inf += result.inf();
            absMax = Math.max(absMax, result.absMax());
            firstNonFinite = Math.min(firstNonFinite, result.firstNonFinite());
            if (Long.compareUnsigned(result.hint(), hint) > 0) {
                hint = result.hint();
            }
        }

        synchronized TensorScan result() {
            return TensorScan.of(tensor.name(), tensor.type(), tensor.shape(), nan, inf, absMax, firstNonFinite);
        }
    }

    private final Checkpoint checkpoint;
    private final ScanProgress progress;
    private final List<Totals> tensors = new ArrayList<>();
    private final List<Chunk> chunks = new ArrayList<>();
    private final long totalBytes;
    private final AtomicInteger next = new AtomicInteger();
    private final Object progressLock = new Object();
    private long doneBytes;
    private volatile boolean stopped;

    ScanJob(Checkpoint checkpoint, List<TensorInfo> infos, ScanProgress progress) {
        this.checkpoint = checkpoint;
        this.progress = progress;
        long bytes = 0;
        for (TensorInfo tensor : infos) {
            Totals totals = new Totals(tensor);
            tensors.add(totals);
            for (long at = 0; at < tensor.byteLength(); at += CHUNK_BYTES) {
                chunks.add(new Chunk(totals, at, (int) Math.min(CHUNK_BYTES, tensor.byteLength() - at)));
            }
            bytes += tensor.byteLength();
        }
        this.totalBytes = bytes;
    }

    int chunkCount() {
        return chunks.size();
    }

    long totalBytes() {
        return totalBytes;
    }

    /** Makes the threads end after their present chunk. */
    void stop() {
        stopped = true;
    }

    /** Scans chunks until there are no more. */
    void work() {
        ChunkScanner scanner = new ChunkScanner();
        try {
            while (!stopped) {
                int index = next.getAndIncrement();
                if (index >= chunks.size()) {
                    return;
                }
                scan(scanner, chunks.get(index));
            }
        } catch (RuntimeException | Error e) {
            stopped = true;
            throw e;
        }
    }

    private void scan(ChunkScanner scanner, Chunk chunk) {
        TensorInfo tensor = chunk.tensor().tensor;
        ByteBuffer bytes = checkpoint.map(tensor, chunk.offset(), chunk.length());
        long firstElement = chunk.offset() * 8 / tensor.type().bits();
        try {
            chunk.tensor()
                    .add(scanner.scan(
                            tensor.type(), bytes, firstElement, chunk.tensor().hint()));
        } catch (InternalError e) {
            // How the JVM reports a page of a mapped file that is no longer there.
            throw CheckpointException.of(CheckpointProblem.FILE_CHANGED, "The file got shorter while it was scanned")
                    .file(tensor.file())
                    .tensor(tensor.name())
                    .cause(e)
                    .next("make sure that nothing writes to the checkpoint during a test");
        }
        synchronized (progressLock) {
            doneBytes += chunk.length();
            progress.scanned(doneBytes, totalBytes);
        }
    }

    List<TensorScan> results() {
        return tensors.stream().map(Totals::result).toList();
    }
}
