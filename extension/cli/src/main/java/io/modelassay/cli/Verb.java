package io.modelassay.cli;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.failure.GeneralProblem;
import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Printable;
import io.modelassay.failure.Problem;
import io.modelassay.failure.Problems;
import io.modelassay.report.ProgressLine;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What all verbs share: one result, printed as text or as one JSON document, and the exit code that it means. */
abstract class Verb implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "Print one JSON document on standard output, and nothing else.")
    private boolean json;

    @Option(names = "--debug", description = "Show the stack trace of an error.")
    private boolean debug;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // read by picocli
    private boolean help;

    /**
     * What a verb has found.
     *
     * @param document the JSON document, a record
     * @param text the same for a person
     * @param code the exit code
     */
    record Outcome(Object document, String text, int code) {
        /** Of findings, none of which is an error if it {@code holds}. */
        Outcome(Object document, String text, boolean holds) {
            this(document, text, holds ? Main.HOLDS : Main.FINDING);
        }
    }

    abstract Outcome run(ProgressLine progress);

    @Override
    public final Integer call() {
        ProgressLine progress = ProgressLine.on(commandLine().getErr());
        try {
            Outcome outcome = run(progress);
            progress.end();
            print(outcome);
            return outcome.code();
        } catch (Error e) {
            // picocli hands on exceptions only; a stack or heap that a hostile file has filled is no less of a result.
            throw new ModelAssayException(Problems.of(e), e);
        } finally {
            progress.end();
        }
    }

    private void print(Outcome outcome) {
        PrintWriter out = commandLine().getOut();
        if (json) {
            JsonText.print(outcome.document(), out);
        } else {
            out.print(Printable.lines(outcome.text()));
        }
        out.flush();
    }

    final CommandLine commandLine() {
        if (spec == null) {
            throw new IllegalStateException("picocli sets the spec before it runs a verb");
        }
        return spec.commandLine();
    }

    final boolean printsJson() {
        return json;
    }

    final boolean showsTraces() {
        return debug;
    }

    /** A mistake in the arguments that only their values show. */
    final Misuse misused(String message) {
        return new Misuse(commandLine(), new Problem(GeneralProblem.WRONG_USAGE, message));
    }

    /** The same, with what to ask for instead. */
    final Misuse misused(String message, String nextStep) {
        return new Misuse(commandLine(), new Problem(GeneralProblem.WRONG_USAGE, message, nextStep));
    }

    /** The same of an {@code option} whose value {@code refusal} refuses. */
    final Misuse misused(String option, RuntimeException refusal) {
        Problem refused = Problems.of(refusal);
        return new Misuse(
                commandLine(),
                new Problem(GeneralProblem.WRONG_USAGE, option + refused.message(), refused.step(), refused.place()));
    }
}
