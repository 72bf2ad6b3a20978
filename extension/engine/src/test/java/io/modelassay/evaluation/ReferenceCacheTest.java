package io.modelassay.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Progress;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReferenceCacheTest {
    private static final Protocol WINDOWS = new Protocol(64);

    @TempDir
    Path folder;

    private final int[] tokens = Arrays.copyOf(Truths.firstTokens("tiny-llama"), 512);
    private OpenModel reference;
    private OpenModel subject;

    @BeforeEach
    void open() {
        reference = OpenModel.stored(Fixtures.path("tiny-llama"), DType.BF16);
        subject = OpenModel.quantized(Fixtures.path("tiny-llama"), DType.BF16, Quantization.rtn(4, 128));
    }

    @AfterEach
    void close() {
        subject.close();
        reference.close();
    }

    @Test
    void aSecondEvaluatorReadsTheReferenceFromDisk() throws IOException {
        Run first = new Run();
        Run second = new Run();
        Comparison computed = first.comparison();
        assertThat(second.comparison()).isEqualTo(computed);
        assertThat(first.passes()).as("reference and subject").isEqualTo(2);
        assertThat(second.passes()).as("the subject alone").isEqualTo(1);
        assertThat(files()).hasSize(1);
    }

    @Test
    void oneEvaluatorComputesOnceAndRemembers() {
        Run run = new Run();
        assertThat(run.comparison()).isSameAs(run.comparison());
        assertThat(run.passes()).isEqualTo(2);
    }

    @Test
    void otherTokensAreAnotherPass() throws IOException {
        new Run().comparison();
        Run other = new Run();
        int[] changed = tokens.clone();
        changed[100]++;
        other.evaluator.compare(reference.language(), subject.language(), changed, WINDOWS);
        assertThat(other.passes()).isEqualTo(2);
        assertThat(files()).hasSize(2);
    }

    @Test
    void aTruncatedFileIsComputedAgainAndReplaced() throws IOException {
        Comparison whole = new Run().comparison();
        Path file = files().get(0);
        long size = Files.size(file);
        for (long cut : new long[] {size - 1, size / 2, 20, 0}) {
            try (RandomAccessFile damaged = new RandomAccessFile(file.toFile(), "rw")) {
                damaged.setLength(cut);
            }
            Run again = new Run();
            assertThat(again.comparison()).isEqualTo(whole);
            assertThat(again.passes()).isEqualTo(2);
            assertThat(files()).containsExactly(file);
            assertThat(file).hasSize(size);
        }
    }

    /** Zeros are a forward pass that can be read, and every figure over them is wrong. */
    @Test
    void damagedBytesAreComputedAgainAndSaid() throws IOException {
        Comparison whole = new Run().comparison();
        Path file = files().get(0);
        long size = Files.size(file);
        for (long place : new long[] {size / 4, size / 2, size - 1000, size - 1}) {
            try (RandomAccessFile damaged = new RandomAccessFile(file.toFile(), "rw")) {
                damaged.seek(place);
                int old = damaged.read();
                damaged.seek(place);
                damaged.write(old ^ 1);
            }
            Run again = new Run();
            assertThat(again.comparison()).isEqualTo(whole);
            assertThat(again.passes()).isEqualTo(2);
            assertThat(again.notices).singleElement().asString().contains(file + " is damaged; it is computed again");
        }
        Run healthy = new Run();
        assertThat(healthy.comparison()).isEqualTo(whole);
        assertThat(healthy.passes()).isEqualTo(1);
        assertThat(healthy.notices).isEmpty();
    }

    @Test
    void evaluatorsInParallelShareAFolder() throws Exception {
        CyclicBarrier together = new CyclicBarrier(2);
        Callable<Comparison> work = () -> {
            Run run = new Run();
            together.await();
            return run.comparison();
        };
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<Comparison>> results = threads.invokeAll(List.of(work, work));
            assertThat(results.get(0).get()).isEqualTo(results.get(1).get());
        } finally {
            threads.shutdown();
        }
        assertThat(files()).as("no half-written file is left").hasSize(1);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    /** A fresh evaluator on the folder, and how many forward passes it has made. */
    private final class Run {
        private final AtomicInteger passes = new AtomicInteger();
        private final List<String> notices = new ArrayList<>();
        private final Progress counting = new Progress() {
            @Override
            public void step(String task, int done, int total) {
                if (done == total) {
                    passes.incrementAndGet();
                }
            }

            @Override
            public void notice(String text) {
                notices.add(text);
            }
        };
        private final Evaluator evaluator = new Evaluator(ReferenceCache.in(folder), counting, Recorder.NONE);

        Comparison comparison() {
            return evaluator.compare(reference.language(), subject.language(), tokens, WINDOWS);
        }

        int passes() {
            return passes.get();
        }
    }
}
