package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.failure.InvalidRequestException;
import io.modelassay.report.ProgressLine;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Whatever ends a verb: one message, one exit code, and with {@code --json} one document. */
class FailuresTest {
    @Command(name = "verb")
    private static final class AnyVerb extends Verb {
        private final Supplier<Outcome> result;

        AnyVerb(Supplier<Outcome> result) {
            this.result = result;
        }

        @Override
        Outcome run(ProgressLine progress) {
            return result.get();
        }
    }

    private static CommandRun run(Supplier<Verb.Outcome> result, String... options) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Main.verbs().addSubcommand("verb", new AnyVerb(result));
        String[] args = Stream.concat(Stream.of("verb"), Stream.of(options)).toArray(String[]::new);
        int code = Main.run(line, new PrintWriter(out), new PrintWriter(err), args);
        return new CommandRun(code, out.toString(), err.toString());
    }

    private static int endless(int depth) {
        return endless(depth + 1) + 1;
    }

    static Stream<Arguments> ends() {
        return Stream.of(
                Arguments.of("stack-overflow", 3, (Supplier<Verb.Outcome>) () -> {
                    throw new IllegalStateException(String.valueOf(endless(0)));
                }),
                Arguments.of("out-of-memory", 3, (Supplier<Verb.Outcome>) () -> {
                    throw new IllegalStateException(String.valueOf(new long[Integer.MAX_VALUE].length));
                }),
                Arguments.of("libraries-do-not-fit", 3, (Supplier<Verb.Outcome>) () -> {
                    throw new NoSuchMethodError("'long ai.djl.Model.in()'");
                }),
                Arguments.of("unexpected", 3, (Supplier<Verb.Outcome>) () -> {
                    throw new AssertionError("never");
                }),
                Arguments.of("unexpected", 3, (Supplier<Verb.Outcome>) () -> {
                    throw new NullPointerException();
                }),
                Arguments.of("unexpected", 3, (Supplier<Verb.Outcome>) () -> {
                    throw new IndexOutOfBoundsException("Index 3 out of bounds for length 3");
                }),
                Arguments.of("unexpected", 3, (Supplier<Verb.Outcome>)
                        () -> new Verb.Outcome("", "", Integer.parseInt("many") > 0)),
                Arguments.of("wrong-usage", 2, (Supplier<Verb.Outcome>) () -> {
                    throw new InvalidRequestException("GPTQ has 2, 3, 4 or 8 bits", "4");
                }));
    }

    @ParameterizedTest
    @MethodSource("ends")
    void everyEndIsOneMessageAndOneDocument(String id, int code, Supplier<Verb.Outcome> end) {
        CommandRun text = run(end);
        assertThat(text.code()).as(text.err()).isEqualTo(code);
        assertThat(text.out()).isEmpty();
        assertThat(text.err().lines())
                .as(text.err())
                .hasSize(2)
                .last()
                .asString()
                .startsWith("Try: ");
        CommandRun json = run(end, "--json");
        assertThat(json.code()).isEqualTo(code);
        JsonNode error = json.json().get("error");
        assertThat(error.get("id").asText()).isEqualTo(id);
        assertThat(error.get("message").asText()).isNotBlank().doesNotContain("Try: ");
        assertThat(error.get("next_step").asText()).isNotBlank().doesNotContain("Try: ");
    }

    /** One next step, though the cause brings one of its own. */
    @Test
    void anUnexpectedFailureKeepsTheStepOfItsCause() {
        CommandRun run = run(() -> {
            throw new java.util.NoSuchElementException(
                    "No layer 3", new InvalidRequestException("No layer", "another\nlayer"));
        });
        assertThat(run.err()).isEqualTo("Unexpected NoSuchElementException: No layer 3\nTry: another\\u000alayer\n");
    }

    @Test
    void misuseIsADocumentWhereverTheOptionStands() {
        for (String line : List.of("scan --json", "scan --no-such-option x --json", "evaluate x --window y --json")) {
            CommandRun run = CommandRun.of((Object[]) line.split(" "));
            assertThat(run.code()).isEqualTo(2);
            assertThat(run.json().at("/error/id").asText()).as(line).isEqualTo("wrong-usage");
        }
        assertThat(CommandRun.of("no-verb", "--json").json().at("/error/id").asText())
                .isEqualTo("wrong-usage");
    }

    /** A wrong value brings its own step, which takes the place of the help. */
    @Test
    void aWrongValueHasOneStepOfItsOwn() {
        String[] line = {"evaluate", "x", "--text", "pom.xml", "--reference", "z", "--max-drift", "-1"};
        CommandRun text = CommandRun.of((Object[]) line);
        assertThat(text.code()).isEqualTo(2);
        assertThat(text.err()).isEqualTo("--max-drift: a limit is a percentage of at least 0, not -1.0\nTry: 3\n");
        CommandRun json = CommandRun.of(
                Stream.concat(Stream.of(line), Stream.of("--json")).toArray());
        assertThat(json.json().at("/error/next_step").asText()).isEqualTo("3");
        assertThat(json.json().at("/error/message").asText()).doesNotContain("Try: ");
    }

    /** Names of tensors and messages of libraries come out of files. */
    @Test
    void nothingThatAFileSaysReachesTheConsoleRaw() {
        String hostile = "a\u001b[31m\u202eb\n::error::c\n  ::set-output name=x::d ##vso[task.complete]";
        for (CommandRun run : List.of(
                run(() -> new Verb.Outcome(
                        Map.of(), new Layout().fact("name", hostile).toString(), true)),
                run(() -> new Verb.Outcome(Map.of(), hostile, true)),
                run(() -> {
                    throw new IllegalArgumentException(hostile);
                }),
                run(
                        () -> {
                            throw new IllegalStateException(hostile);
                        },
                        "--debug"),
                run(() -> new Verb.Outcome(Map.of(hostile, hostile), "", true), "--json"))) {
            assertThat(run.out() + run.err())
                    .containsIgnoringCase("\\u001b[31m")
                    .doesNotContain("\u001b", "\u202e", "##vso[")
                    .doesNotContainPattern("(?m)^\\s*::");
        }
    }

    @Test
    void documentsOfHalfASurrogatePairAreUnicode() {
        CommandRun run = run(() -> new Verb.Outcome(Map.of("name", "a\ud800b", "c\udc00", "😀"), "", true), "--json");
        assertThat(run.json()).isEqualTo(CommandRun.json("{\"name\": \"a\ufffdb\", \"c\ufffd\": \"😀\"}"));
        assertThat(run.out()).contains("😀");
    }
}
