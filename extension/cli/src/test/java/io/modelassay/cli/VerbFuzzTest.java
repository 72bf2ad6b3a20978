package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random damage in one of the files that a verb reads: a typed error or a result, in time. About a second a verb; with
 * {@code -Dmodelassay.fuzz.seconds=300} each verb goes on for that long; {@code -Dmodelassay.fuzz.seed} repeats a failed
 * case.
 */
class VerbFuzzTest {
    private static final int SECONDS = Integer.getInteger("modelassay.fuzz.seconds", 0);
    private static final Long ONE = Long.getLong("modelassay.fuzz.seed");
    private static final int CASES = 25;
    private static final int DEADLINE_SECONDS = 60;

    /** Where a fault of the product ends, not one of the artifact; and where the caller's words would be at fault. */
    private static final Set<String> FAULTS = Set.of(
            "unexpected", "stack-overflow", "out-of-memory", "libraries-do-not-fit", "not-possible", "wrong-usage");

    /** Files beside the artifact, by their word on the line. */
    private static final Map<String, String> INPUTS =
            Map.of("TOKENS", "tokens.json", "WINDOWS", "windows.json", "TEXT", "text.txt");

    private static final String TINY = "tiny-qwen2";
    private static final String PACKED = "quantized/gptq-int4-g128";
    private static final String PICKLED = "bin/sharded";
    private static final String LORA = "adapters/lora-qv";

    /** A verb, the fixtures that it is tried on, and what follows the folder on its line. */
    private enum Tried {
        INSPECT("inspect MODEL", TINY, PACKED, PICKLED),
        SCAN("scan MODEL", TINY, PACKED, PICKLED),
        EVALUATE("evaluate MODEL --tokens TOKENS", TINY, PACKED),
        EVALUATE_TEXT("evaluate MODEL --text TEXT", TINY),
        DECODE("decode MODEL --out OUT", TINY, PACKED, PICKLED),
        QUANTIZE("quantize MODEL --out OUT --method rtn --group-size 32", TINY, "bin/tiny-mistral-one-layer"),
        PAD("pad MODEL --out OUT --intermediate-size 768", TINY),
        DIAGNOSE("diagnose MODEL --calibration WINDOWS", TINY),
        PREDICT("predict BASE --adapter MODEL --with peft==0.21.2", LORA),
        PREDICT_BASE("predict MODEL --adapter ADAPTER --with peft==0.21.2", "tiny-llama"),
        INSPECT_ADAPTER("inspect BASE --adapter MODEL", LORA),
        INSPECT_ADAPTER_BASE("inspect MODEL --adapter ADAPTER", "tiny-llama");

        private final String line;
        private final List<String> fixtures;

        Tried(String line, String... fixtures) {
            this.line = line;
            this.fixtures = List.of(fixtures);
        }
    }

    @TempDir
    private Path temp;

    @ParameterizedTest
    @EnumSource
    void damageIsATypedErrorOrAResult(Tried tried) throws Exception {
        Files.writeString(temp.resolve("tokens.json"), "[300, 7, 42, 9]");
        Files.writeString(temp.resolve("windows.json"), "[[300, 7, 42, 9], [300, 11, 12, 13]]");
        Files.writeString(temp.resolve("text.txt"), "A house is a house, and a house it stays.\n");
        List<Path> folders = new ArrayList<>();
        for (String fixture : tried.fixtures) {
            Path folder = temp.resolve("model-" + folders.size());
            copy(Fixtures.path(fixture), folder);
            CommandRun healthy = run(tried, folder);
            assertThat(healthy.code()).as(healthy.out() + healthy.err()).isLessThan(2);
            folders.add(folder);
        }
        SoftAssertions softly = new SoftAssertions();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Math.max(1, SECONDS));
        for (long seed = ONE == null ? 0 : ONE; goesOn(seed, end); seed++) {
            one(tried, folders.get((int) (seed % folders.size())), seed, softly);
        }
        softly.assertAll();
    }

    private static boolean goesOn(long seed, long end) {
        if (ONE != null) {
            return seed == ONE;
        }
        return seed == 0 || (System.nanoTime() < end && (SECONDS > 0 || seed < CASES));
    }

    private void one(Tried tried, Path folder, long seed, SoftAssertions softly) throws Exception {
        Random random = new Random(seed * 7919 + tried.ordinal());
        List<Path> files = readByVerbs(folder);
        INPUTS.forEach((word, name) -> {
            if (tried.line.contains(word)) {
                files.add(temp.resolve(name));
            }
        });
        Path file = files.get(random.nextInt(files.size()));
        byte[] healthy = Files.readAllBytes(file);
        String place = tried + ", -Dmodelassay.fuzz.seed=" + seed + ", " + file.getFileName();
        byte[] damaged = new Mutation(random).of(file.getFileName().toString(), healthy);
        try {
            Files.write(file, damaged);
            judge(tried, file.startsWith(folder), place, run(tried, folder), softly);
        } catch (ExecutionException | TimeoutException e) {
            softly.fail(place + ": " + e, e);
        } finally {
            Files.write(file, healthy);
        }
    }

    private static void judge(Tried tried, boolean artifact, String place, CommandRun run, SoftAssertions softly) {
        String told = place + "\n" + run.err()
                + run.out().substring(0, Math.min(600, run.out().length()));
        softly.assertThat(run.code()).as(told).isBetween(0, tried.line.startsWith("predict") ? 4 : 3);
        JsonNode document;
        try {
            document = run.json();
        } catch (RuntimeException | AssertionError e) {
            softly.fail(told, e);
            return;
        }
        String id = document.at("/error/id").asText();
        softly.assertThat(id.isEmpty()).as(told).isEqualTo(run.code() != 2 && run.code() != 3);
        if (artifact || !id.equals("wrong-usage")) {
            softly.assertThat(FAULTS).as(told).doesNotContain(id);
        }
    }

    /** A run that may hang. */
    private CommandRun run(Tried tried, Path folder) throws Exception {
        Path out = temp.resolve("out");
        String[] arguments = Arrays.stream((tried.line + " --json").split(" "))
                .map(word -> switch (word) {
                    case "MODEL" -> folder.toString();
                    case "BASE" -> Fixtures.path("tiny-llama").toString();
                    case "ADAPTER" -> Fixtures.path(LORA).toString();
                    case "OUT" -> out.toString();
                    default ->
                        INPUTS.containsKey(word)
                                ? temp.resolve(INPUTS.get(word)).toString()
                                : word;
                })
                .toArray(String[]::new);
        FutureTask<CommandRun> task = new FutureTask<>(() -> CommandRun.of((Object[]) arguments));
        Thread thread = new Thread(task, "fuzzed verb");
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            TimeoutException hangs = new TimeoutException("does not return");
            hangs.setStackTrace(thread.getStackTrace());
            throw hangs;
        } finally {
            delete(out);
        }
    }

    private static List<Path> readByVerbs(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return new ArrayList<>(files.filter(Files::isRegularFile)
                    .filter(file -> !Set.of("provenance.json", "adapter.json", "logits.safetensors")
                            .contains(file.getFileName().toString()))
                    .sorted()
                    .toList());
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (Path file : readByVerbs(from)) {
            Files.copy(file, to.resolve(file.getFileName()));
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file :
                        files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
