package io.modelassay.cli;

import io.modelassay.adapter.AdapterException;
import io.modelassay.architecture.UnsupportedArchitectureException;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.CheckpointProblem;
import io.modelassay.checkpoint.JsonText;
import io.modelassay.conversion.PaddingException;
import io.modelassay.matrix.MatrixException;
import io.modelassay.quantization.UnknownFormatException;
import io.modelassay.quantizer.QuantizerException;
import io.modelassay.runtime.RuntimeFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** Turns what stopped a verb into a message, an exit code and, with {@code --json}, a document. */
final class Failures {
    private static final String NEXT_STEP = "\nTry: ";

    private Failures() {}

    /** The document printed in the place of a result. */
    record Document(Failure error) {}

    /**
     * Why there is no result.
     *
     * @param id stable kebab-case name of the kind of failure
     * @param message what is wrong and where
     * @param nextStep what to do about it, where that is known
     */
    record Failure(String id, String message, @Nullable String nextStep) {}

    /** Arguments that no verb can be run with. */
    static int misuse(CommandLine.ParameterException e, String[] args) {
        CommandLine line = e.getCommandLine();
        String help = line.getCommandSpec().qualifiedName() + " --help";
        line.getErr().println(e.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(e, line.getErr());
        line.getErr().println("Try: " + help);
        if (line.getCommand() instanceof Verb verb && verb.printsJson()) {
            line.getOut()
                    .print(JsonText.of(new Document(new Failure("wrong-usage", String.valueOf(e.getMessage()), help))));
        }
        return Main.USAGE;
    }

    static int report(Exception e, CommandLine line, CommandLine.ParseResult parsed) {
        Verb verb = (Verb) line.getCommand();
        String message = message(e);
        line.getErr().println(message);
        if (verb.showsTraces()) {
            e.printStackTrace(line.getErr());
        }
        if (verb.printsJson()) {
            int next = message.indexOf(NEXT_STEP);
            line.getOut()
                    .print(JsonText.of(new Document(new Failure(
                            id(e),
                            next < 0 ? message : message.substring(0, next),
                            next < 0 ? null : message.substring(next + NEXT_STEP.length())))));
        }
        return exitCode(e);
    }

    private static String message(Exception e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        if (e instanceof UncheckedIOException) {
            String cause = String.valueOf(e.getCause());
            return message.contains(cause) ? message : message + ": " + cause;
        }
        return isExpected(e) ? message : "Unexpected: " + message + NEXT_STEP + "--debug, and report what it shows";
    }

    private static boolean isExpected(Exception e) {
        return e instanceof CheckpointException
                || e instanceof AdapterException
                || e instanceof RuntimeFailure
                || e instanceof UnsupportedArchitectureException
                || e instanceof UnknownFormatException
                || e instanceof PaddingException
                || e instanceof MatrixException
                || e instanceof QuantizerException
                || e instanceof IllegalArgumentException
                || e instanceof IllegalStateException;
    }

    private static String id(Exception e) {
        if (e instanceof CheckpointException problem) {
            return problem.id();
        }
        if (e instanceof AdapterException problem) {
            return problem.id();
        }
        if (e instanceof RuntimeFailure failure) {
            return failure.id();
        }
        if (e instanceof UnsupportedArchitectureException) {
            return "unsupported-architecture";
        }
        if (e instanceof UnknownFormatException refusal) {
            return refusal.id();
        }
        if (e instanceof PaddingException refusal) {
            return refusal.reason().id();
        }
        if (e instanceof MatrixException refusal) {
            return refusal.id();
        }
        if (e instanceof QuantizerException refusal) {
            return refusal.id();
        }
        if (e instanceof UncheckedIOException || e instanceof IOException) {
            return "input-output";
        }
        return e instanceof IllegalArgumentException
                ? "wrong-usage"
                : e instanceof IllegalStateException ? "not-possible" : "unexpected";
    }

    private static int exitCode(Exception e) {
        boolean usage = e instanceof IllegalArgumentException
                || e instanceof UncheckedIOException
                || (e instanceof CheckpointException problem && problem.problem() == CheckpointProblem.WRITE_FAILED)
                || (e instanceof PaddingException refusal && refusal.reason().isOfTheRequest())
                || (e instanceof MatrixException matrix && matrix.problem().isOfTheRequest())
                || (e instanceof RuntimeFailure failure && failure.id().equals("no-gpu"));
        return usage ? Main.USAGE : Main.UNREADABLE;
    }
}
