package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The value scan against a plain read, which sums the longs of the same mapped bytes with as many threads. Passes over
 * {@value #BYTES} bytes of bf16 a second; the file lies in the page cache.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(2)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class ValueScanBenchmark {

    static final int BYTES = 1 << 30;
    private static final int CHUNK = 12 << 20;

    @Param({"1", "2"})
    int threads;

    private Path folder;
    private Checkpoint checkpoint;
    private List<ByteBuffer> chunks;

    @Setup
    public void open() throws IOException {
        folder = Files.createTempDirectory("modelassay-benchmark");
        Random random = new Random(1);
        ByteBuffer part = ByteBuffer.allocate(1 << 22).order(ByteOrder.LITTLE_ENDIAN);
        try (SafetensorsWriter writer = SafetensorsWriter.to(folder.resolve("model.safetensors"))
                .tensor("weight", TensorType.BF16, Shape.of(1 << 15, 1 << 14))
                .open()) {
            for (int at = 0; at < BYTES; at += part.capacity()) {
                part.clear();
                while (part.hasRemaining()) {
                    part.putShort((short) (Float.floatToIntBits((float) random.nextGaussian() * 0.02f) >>> 16));
                }
                writer.write("weight", part.flip());
            }
            writer.commit();
        }
        checkpoint = Checkpoint.open(folder);
        chunks = new ArrayList<>();
        TensorInfo weight = checkpoint.tensor("weight");
        for (long at = 0; at < BYTES; at += CHUNK) {
            chunks.add(checkpoint.map(weight, at, (int) Math.min(CHUNK, BYTES - at)));
        }
    }

    @TearDown
    public void close() throws IOException {
        checkpoint.close();
        Files.delete(folder.resolve("model.safetensors"));
        Files.delete(folder);
    }

    @Benchmark
    public ScanReport scan() {
        return ValueScan.withThreads(threads).scan(checkpoint);
    }

    @Benchmark
    public long plainRead() throws Exception {
        AtomicInteger next = new AtomicInteger();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Long>> sums = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                sums.add(pool.submit(() -> {
                    long sum = 0;
                    for (int chunk = next.getAndIncrement(); chunk < chunks.size(); chunk = next.getAndIncrement()) {
                        sum += sum(chunks.get(chunk).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer());
                    }
                    return sum;
                }));
            }
            long sum = 0;
            for (Future<Long> part : sums) {
                sum += part.get();
            }
            return sum;
        } finally {
            pool.shutdown();
        }
    }

    private static long sum(LongBuffer longs) {
        long sum = 0;
        int length = longs.limit();
        for (int i = 0; i < length; i++) {
            sum += longs.get(i);
        }
        return sum;
    }
}
