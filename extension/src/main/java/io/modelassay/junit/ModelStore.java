package io.modelassay.junit;

import io.modelassay.LoadSettings;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.evaluation.Evaluator;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Every model of a run, opened once. A failed load is remembered too: the same failure is given to every test that asks
 * for that model, and nothing is tried twice.
 */
final class ModelStore implements AutoCloseable {
    private final Map<LoadSettings, CompletableFuture<ModelUnderTest>> models = new ConcurrentHashMap<>();
    private final Evaluator evaluator;
    private final Duration timeout;

    ModelStore(Evaluator evaluator, Duration timeout) {
        this.evaluator = evaluator;
        this.timeout = timeout;
    }

    /** The model for {@code settings}, with the content hash {@code sha256} unless that is empty. */
    ModelUnderTest get(LoadSettings settings, String sha256) {
        CompletableFuture<ModelUnderTest> loading = models.computeIfAbsent(settings, this::load);
        ModelUnderTest model = bounded(loading, settings);
        if (!sha256.isEmpty()) {
            String actual = bounded(
                    CompletableFuture.supplyAsync(() -> model.checkpoint().contentHash()), settings);
            if (!actual.equals(sha256)) {
                throw new ModelLoadException("The checkpoint " + settings.folder() + " has sha256 " + actual
                        + ", but the test asks for " + sha256
                        + "\nTry: the revision that the test was written for, or the new hash if the change is wanted");
            }
        }
        return model;
    }

    private CompletableFuture<ModelUnderTest> load(LoadSettings settings) {
        // On a thread of its own, so that a file system that hangs does not hang the test.
        return CompletableFuture.supplyAsync(() -> ModelAssay.open(settings).load(evaluator), task -> {
            Thread loader = new Thread(task, "modelassay-load");
            loader.setDaemon(true);
            loader.start();
        });
    }

    private <T> T bounded(CompletableFuture<T> work, LoadSettings settings) {
        try {
            return work.get(timeout.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new ModelLoadException(
                    "Opening " + settings.folder() + " took longer than " + timeout.toSeconds() + " s" + "\nTry: "
                            + ModelAssayConfiguration.LOAD_TIMEOUT + " with more seconds",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ModelLoadException("Interrupted while opening " + settings.folder(), e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new ModelLoadException(String.valueOf(cause.getMessage()), cause);
        }
    }

    @Override
    public void close() {
        models.values().stream()
                .filter(loading -> loading.isDone() && !loading.isCompletedExceptionally())
                .forEach(loading -> loading.join().close());
        models.clear();
    }
}
