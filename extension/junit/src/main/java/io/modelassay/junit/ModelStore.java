package io.modelassay.junit;

import io.modelassay.LoadSettings;
import io.modelassay.ModelUnderTest;
import io.modelassay.quantization.Quantization;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Every model of a run, opened once for each state of its files. A failed load is remembered too: the same failure is given to every test that asks
 * for that model, and nothing is tried, or waited for, twice.
 */
final class ModelStore implements AutoCloseable {
    private final Map<Key, CompletableFuture<ModelUnderTest>> models = new ConcurrentHashMap<>();
    private final Map<Key, CompletableFuture<String>> hashes = new ConcurrentHashMap<>();
    private final Function<LoadSettings, ModelUnderTest> loader;

    /** What was asked for, and the state of the files that it names: an artifact that is written anew is another one. */
    private record Key(LoadSettings settings, List<FileStamp> files) {
        static Key of(LoadSettings settings) {
            return new Key(
                    settings,
                    FileStamp.of(Stream.of(
                                    Optional.of(settings.folder()),
                                    settings.reference(),
                                    settings.quantization().flatMap(Quantization::calibration))
                            .flatMap(Optional::stream)));
        }
    }

    ModelStore(Function<LoadSettings, ModelUnderTest> loader) {
        this.loader = loader;
    }

    /**
     * The model for {@code settings}.
     *
     * @param sha256 the content hash that it must have; empty for any
     * @param timeout how long to wait for opening it, and for its hash
     */
    ModelUnderTest get(LoadSettings settings, String sha256, Duration timeout) {
        Key key = Key.of(settings);
        CompletableFuture<ModelUnderTest> loading =
                models.computeIfAbsent(key, asked -> inBackground(() -> loader.apply(settings), ModelUnderTest::close));
        ModelUnderTest model = bounded(loading, settings, timeout);
        if (!sha256.isEmpty()) {
            CompletableFuture<String> hashing = hashes.computeIfAbsent(
                    key, asked -> inBackground(() -> model.checkpoint().contentHash(), hash -> {}));
            String actual = bounded(hashing, settings, timeout);
            if (!actual.equals(sha256)) {
                throw new ModelLoadException(
                        JUnitProblem.CONTENT_CHANGED,
                        "The checkpoint " + settings.folder() + " has sha256 " + actual + ", but the test asks for "
                                + sha256,
                        "the revision that the test was written for, or the new hash if the change is wanted");
            }
        }
        return model;
    }

    /**
     * Starts {@code work} on a thread of its own, so that a file system that hangs does not hang the test.
     *
     * @param unwanted what becomes of a result that comes after everybody has given up
     */
    private static <T> CompletableFuture<T> inBackground(Supplier<T> work, Consumer<T> unwanted) {
        CompletableFuture<T> future = new CompletableFuture<>();
        Thread worker = new Thread(
                () -> {
                    try {
                        T result = work.get();
                        if (!future.complete(result)) {
                            unwanted.accept(result);
                        }
                    } catch (Throwable e) {
                        future.completeExceptionally(e);
                    }
                },
                "modelassay-load");
        worker.setDaemon(true);
        worker.start();
        return future;
    }

    private static <T> T bounded(CompletableFuture<T> work, LoadSettings settings, Duration timeout) {
        try {
            return work.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            // For everybody, so that the next test does not wait again.
            work.completeExceptionally(new ModelLoadException(
                    JUnitProblem.LOAD_TIMED_OUT,
                    "Opening " + settings.folder() + " took longer than " + timeout.toSeconds() + " s",
                    ModelAssayConfiguration.LOAD_TIMEOUT + " with more seconds"));
            return bounded(work, settings, timeout);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ModelLoadException("Interrupted while opening " + settings.folder(), e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new ModelLoadException(cause);
        }
    }

    /** Closes every model, also those whose loading has not ended, as soon as it does. */
    @Override
    public void close() {
        RuntimeException failure = null;
        for (CompletableFuture<ModelUnderTest> loading : models.values()) {
            boolean loads = loading.completeExceptionally(new IllegalStateException("The run has ended"));
            if (!loads && !loading.isCompletedExceptionally()) {
                failure = closed(loading.join(), failure);
            }
        }
        models.clear();
        if (failure != null) {
            throw failure;
        }
    }

    private static @Nullable RuntimeException closed(ModelUnderTest model, @Nullable RuntimeException before) {
        try {
            model.close();
            return before;
        } catch (RuntimeException e) {
            if (before == null) {
                return e;
            }
            before.addSuppressed(e);
            return before;
        }
    }
}
