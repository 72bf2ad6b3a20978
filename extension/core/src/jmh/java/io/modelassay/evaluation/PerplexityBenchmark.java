package io.modelassay.evaluation;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.TorchEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Perplexity tokens a second of a streamed checkpoint over random 1024-token windows, with the peak of anonymous resident
 * memory; one warm-up window first. Arguments: folder, windows, compute type. Prints one JSON line.
 */
public final class PerplexityBenchmark {
    private static final int WINDOW = 1024;

    private PerplexityBenchmark() {}

    /** Runs the benchmark. */
    public static void main(String[] arguments) throws IOException {
        int windows = Integer.parseInt(arguments[1]);
        DType dtype = DType.valueOf(arguments[2].toUpperCase(Locale.ROOT));
        AtomicLong peak = watchAnonymousMemory();
        try (Checkpoint checkpoint = Checkpoint.open(Path.of(arguments[0]))) {
            ModelPlan plan = Architectures.require(checkpoint.config());
            TorchEngine engine = TorchEngine.on(Device.CPU);
            StoredWeights weights = new StoredWeights(checkpoint, Kernels.conversions(engine));
            LanguageModel model = new LanguageModel(engine, plan, weights, dtype, "benchmark", "benchmark");
            Evaluator evaluator = new Evaluator(
                    ReferenceCache.in(Files.createTempDirectory("benchmark")), Progress.SILENT, Recorder.NONE);
            int[] tokens = new Random(7)
                    .ints((windows + 1L) * WINDOW, 0, plan.decoder().vocabularySize())
                    .toArray();
            Protocol protocol = new Protocol(WINDOW);
            evaluator.perplexity(model, Arrays.copyOf(tokens, WINDOW), protocol);
            long began = System.nanoTime();
            Perplexity perplexity =
                    evaluator.perplexity(model, Arrays.copyOfRange(tokens, WINDOW, tokens.length), protocol);
            double seconds = (System.nanoTime() - began) / 1e9;
            System.out.printf(
                    Locale.ROOT,
                    "{\"dtype\": \"%s\", \"windows\": %d, \"threads\": %d, \"tokens_per_second\": %.1f, \"perplexity\": %.1f,"
                            + " \"peak_anonymous_mib\": %d, \"java_heap_mib\": %d, \"engine\": \"%s\"}%n",
                    dtype,
                    windows,
                    engine.threads(),
                    windows * WINDOW / seconds,
                    perplexity.value(),
                    peak.get() >> 10,
                    Runtime.getRuntime().totalMemory() >> 20,
                    engine.version());
        }
    }

    /** The largest RssAnon seen, in KiB; Linux only. */
    private static AtomicLong watchAnonymousMemory() {
        AtomicLong peak = new AtomicLong();
        Thread watcher = new Thread(() -> {
            try {
                while (true) {
                    Files.readAllLines(Path.of("/proc/self/status")).stream()
                            .filter(line -> line.startsWith("RssAnon"))
                            .map(line -> line.replaceAll("\\D+", ""))
                            .forEach(kib -> peak.accumulateAndGet(Long.parseLong(kib), Math::max));
                    Thread.sleep(20);
                }
            } catch (IOException | InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        watcher.setDaemon(true);
        watcher.start();
        return peak;
    }
}
