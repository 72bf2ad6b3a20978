package io.modelassay.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.modelassay.LoadSettings;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One load for all who ask, also where it fails or never ends; and the end of all. */
@Timeout(60)
class ModelStoreTest {
    private static final LoadSettings LLAMA = LoadSettings.of(Fixtures.path("tiny-llama"));
    private static final Duration LONG = Duration.ofSeconds(50);

    private final AtomicInteger loads = new AtomicInteger();

    private ModelUnderTest load(LoadSettings settings) {
        loads.incrementAndGet();
        return ModelAssay.open(settings).load();
    }

    @Test
    void equalSettingsShareOneModel() {
        try (ModelStore store = new ModelStore(this::load)) {
            ModelUnderTest model = store.get(LLAMA, "", LONG);
            assertThat(store.get(LoadSettings.of(Fixtures.path("tiny-llama")), "", LONG))
                    .isSameAs(model);
            assertThat(store.get(LLAMA.quantize(Quantization.nf4()), "", LONG)).isNotSameAs(model);
            assertThat(store.get(LLAMA, model.checkpoint().contentHash(), LONG)).isSameAs(model);
            assertThat(loads).hasValue(2);
        }
    }

    @Test
    void anArtifactThatIsWrittenAnewIsAnotherModel(@TempDir Path folder) throws IOException {
        Path artifact =
                Corruptor.of(Fixtures.path("tiny-llama")).named("artifact").into(folder);
        Text text = Text.ofTokens(5, 6, 7, 8);
        LoadSettings settings = LoadSettings.of(artifact);
        try (ModelStore store = new ModelStore(this::load)) {
            ModelUnderTest before = store.get(settings, "", LONG);
            double perplexity = before.perplexity(text).value();
            Path other = Corruptor.of(Fixtures.path("tiny-llama"))
                    .named("other")
                    .fill("model.norm.weight", 0.5)
                    .into(folder);
            Path weights = artifact.resolve("model.safetensors");
            FileTime modified = Files.getLastModifiedTime(weights);
            Files.move(other.resolve("model.safetensors"), weights, StandardCopyOption.REPLACE_EXISTING);
            // Of equal size and date: neither tells the new file from the old one.
            Files.setLastModifiedTime(weights, modified);
            ModelUnderTest after = store.get(settings, "", LONG);
            assertThat(after.perplexity(text).value()).isNotEqualTo(perplexity);
            assertThat(store.get(settings, "", LONG)).isSameAs(after);
            assertThat(loads).hasValue(2);
        }
    }

    @Test
    void manyThreadsShareOneModel() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try (ModelStore store = new ModelStore(this::load)) {
            List<Future<ModelUnderTest>> asked = IntStream.range(0, 64)
                    .mapToObj(i -> threads.submit(() -> store.get(LLAMA, "", LONG)))
                    .toList();
            ModelUnderTest model = store.get(LLAMA, "", LONG);
            for (Future<ModelUnderTest> each : asked) {
                assertThat(each.get()).isSameAs(model);
            }
            assertThat(loads).hasValue(1);
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aFailureIsRememberedForEverybody() {
        LoadSettings nowhere = LoadSettings.of(Path.of("models/none"));
        try (ModelStore store = new ModelStore(this::load)) {
            Throwable first = catchThrowable(() -> store.get(nowhere, "", LONG));
            Throwable second = catchThrowable(() -> store.get(nowhere, "", LONG));
            assertThat(first).isInstanceOf(ModelLoadException.class).hasCauseInstanceOf(CheckpointException.class);
            assertThat(first).hasMessage(first.getCause().getMessage());
            assertThat(second).hasMessage(first.getMessage()).hasCause(first.getCause());
            assertThat(loads).hasValue(1);
        }
    }

    @Test
    void aFailureWithoutATextIsNamed() {
        try (ModelStore store = new ModelStore(settings -> {
            throw new StackOverflowError();
        })) {
            assertThatThrownBy(() -> store.get(LLAMA, "", LONG))
                    .isInstanceOf(ModelLoadException.class)
                    .hasMessage("""
                            The artifact is nested or worded so that the stack of the JVM is too small
                            Try: a larger stack, such as java -Xss64m, and a report with the stack trace, which --debug \
                            shows on the command line""");
        }
    }

    @Test
    void aLoadThatHangsIsWaitedForOnce() throws InterruptedException {
        CountDownLatch hangs = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        ModelUnderTest[] late = new ModelUnderTest[1];
        ModelStore store = new ModelStore(settings -> {
            await(hangs);
            late[0] = load(settings);
            closed.countDown();
            return late[0];
        });
        assertThatThrownBy(() -> store.get(LLAMA, "", Duration.ofSeconds(1)))
                .isInstanceOf(ModelLoadException.class)
                .hasMessage("""
                        Opening %s took longer than 1 s
                        Try: modelassay.load.timeout with more seconds""".formatted(LLAMA.folder()));
        // Nobody waits again: an interrupted thread could not.
        Thread.currentThread().interrupt();
        Throwable second = catchThrowable(() -> store.get(LLAMA, "", LONG));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(second).isInstanceOf(ModelLoadException.class);
        hangs.countDown();
        assertThat(closed.await(50, TimeUnit.SECONDS)).isTrue();
        closesSoon(late[0]);
        store.close();
    }

    @Test
    void anInterruptedTestEndsAndStaysInterrupted() {
        CountDownLatch hangs = new CountDownLatch(1);
        try (ModelStore store = new ModelStore(settings -> {
            await(hangs);
            return load(settings);
        })) {
            Thread.currentThread().interrupt();
            Throwable failure = catchThrowable(() -> store.get(LLAMA, "", LONG));
            assertThat(Thread.interrupted()).isTrue();
            assertThat(failure)
                    .isInstanceOf(ModelLoadException.class)
                    .hasMessage("Interrupted while opening " + LLAMA.folder());
        } finally {
            hangs.countDown();
        }
    }

    @Test
    void closingClosesEveryModelAlsoALateOne() throws InterruptedException {
        CountDownLatch hangs = new CountDownLatch(1);
        CountDownLatch loaded = new CountDownLatch(1);
        ModelUnderTest[] late = new ModelUnderTest[1];
        LoadSettings slow = LLAMA.quantize(Quantization.nf4());
        ModelStore store = new ModelStore(settings -> {
            if (settings.equals(slow)) {
                await(hangs);
                late[0] = load(settings);
                loaded.countDown();
                return late[0];
            }
            return load(settings);
        });
        ModelUnderTest one = store.get(LLAMA, "", LONG);
        ModelUnderTest other = store.get(LoadSettings.of(Fixtures.path("tiny-qwen2")), "", LONG);
        Thread waiting = new Thread(() -> catchThrowable(() -> store.get(slow, "", LONG)));
        waiting.start();
        while (waiting.getState() == Thread.State.NEW || waiting.getState() == Thread.State.RUNNABLE) {
            Thread.onSpinWait();
        }
        store.close();
        assertThat(isClosed(one)).isTrue();
        assertThat(isClosed(other)).isTrue();
        waiting.join();
        hangs.countDown();
        assertThat(loaded.await(50, TimeUnit.SECONDS)).isTrue();
        closesSoon(late[0]);
    }

    private static void closesSoon(ModelUnderTest model) throws InterruptedException {
        while (!isClosed(model)) {
            Thread.sleep(5);
        }
    }

    /** Whether nothing can be read from it any more. */
    static boolean isClosed(ModelUnderTest model) {
        try {
            model.checkpoint().map(model.checkpoint().tensor("model.norm.weight"));
            return false;
        } catch (CheckpointException e) {
            return true;
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
