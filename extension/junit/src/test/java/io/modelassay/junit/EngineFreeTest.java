package io.modelassay.junit;

import static io.modelassay.assertions.ModelAssertions.assertThat;

import io.modelassay.ModelUnderTest;
import io.modelassay.quantization.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** Tests that need no forward pass start no engine: shown by the classes that a JVM of their own has loaded. */
class EngineFreeTest {
    private static final Pattern ENGINE =
            Pattern.compile("[/\\\\]ai[/\\\\]djl[/\\\\]|[/\\\\]net[/\\\\]java[/\\\\]dev[/\\\\]jna");

    @TempDir
    Path folder;

    @QuantizedModel("fixture:tiny-qwen3")
    static class Structural {
        @Test
        void stored(ModelUnderTest model) {
            assertThat(model)
                    .hasNoMissingKeys()
                    .hasNoUnexpectedKeys()
                    .hasNoNaNs()
                    .hasOnlyFiniteWeights()
                    .hasTensor("model.norm.weight")
                    .keepsInFullPrecision("*");
            assertThat(model.checkpoint()).hasNoNaNs().hasNoMissingKeys();
            assertThat(model.toString()).isEqualTo("tiny-qwen3 (bf16)");
        }

        @Test
        @QuantizedModel(value = "fixture:tiny-qwen3", quantize = @Quantize(method = Method.NF4))
        void quantized(ModelUnderTest model) {
            assertThat(model).hasNoMissingKeys().keepsInFullPrecision("lm_head", "model.embed_tokens");
            assertThat(model.reference().name()).isEqualTo("tiny-qwen3");
        }
    }

    @QuantizedModel("fixture:tiny-qwen3")
    static class Computing {
        @Test
        void logits(ModelUnderTest model) {
            assertThat(model.logits(1, 2)).hasDimensions(2, 2048);
        }
    }

    /** Runs a sample in a JVM of its own. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) throws ClassNotFoundException {
            EngineExecutionResults results = Kit.run(Path.of(arguments[1]), Class.forName(arguments[0]));
            List<Throwable> failures = Kit.failures(results.allEvents());
            failures.forEach(Throwable::printStackTrace);
            boolean ran = results.testEvents().succeeded().count() > 0;
            System.exit(ran && failures.isEmpty() ? 0 : 1);
        }
    }

    @Test
    void structuralTestsStartNoEngine() throws IOException, InterruptedException {
        assertThat(engineClasses(Structural.class)).isEmpty();
    }

    @Test
    void aForwardPassDoes() throws IOException, InterruptedException {
        assertThat(engineClasses(Computing.class)).contains("ai.djl.engine.Engine", "ai.djl.pytorch.jni.LibUtils");
    }

    /** As where a project excludes ai.djl:*, ai.djl.pytorch:* and what they bring, so that no libtorch is downloaded. */
    @Test
    void structuralTestsNeedNoEngineOnTheClassPath() throws IOException, InterruptedException {
        String separator = System.getProperty("path.separator");
        String without = Stream.of(System.getProperty("java.class.path").split(Pattern.quote(separator)))
                .filter(entry -> !ENGINE.matcher(entry).find())
                .collect(Collectors.joining(separator));
        assertThat(without).isNotEqualTo(System.getProperty("java.class.path"));

        assertThat(engineClasses(Structural.class, without)).isEmpty();
    }

    private List<String> engineClasses(Class<?> sample) throws IOException, InterruptedException {
        return engineClasses(sample, System.getProperty("java.class.path"));
    }

    private List<String> engineClasses(Class<?> sample, String classPath) throws IOException, InterruptedException {
        Path classes = folder.resolve("classes.txt");
        Path output = folder.resolve("output.txt");
        Process run = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-Xlog:class+load:file=" + classes,
                        "-cp",
                        classPath,
                        Main.class.getName(),
                        sample.getName(),
                        folder.resolve("report").toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = run.waitFor(120, TimeUnit.SECONDS);
        run.destroyForcibly();
        assertThat(ended).as("the JVM ended").isTrue();
        assertThat(run.exitValue()).as(() -> read(output)).isZero();
        try (Stream<String> lines = Files.lines(classes)) {
            return lines.map(line -> line.replaceFirst("^(\\[[^]]*])* *", ""))
                    .map(line -> line.split(" ", 2)[0])
                    .filter(name -> name.startsWith("ai.djl.engine.") || name.startsWith("ai.djl.pytorch."))
                    .toList();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
