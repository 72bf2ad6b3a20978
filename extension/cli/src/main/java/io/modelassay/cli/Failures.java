package io.modelassay.cli;

import io.modelassay.adapter.AdapterException;
import io.modelassay.architecture.UnsupportedArchitectureException;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.CheckpointProblem;
import io.modelassay.checkpoint.JsonText;
import io.modelassay.checkpoint.Printable;
import io.modelassay.conversion.PaddingException;
import io.modelassay.matrix.MatrixException;
import io.modelassay.quantization.UnknownFormatException;
import io.modelassay.quantizer.QuantizerException;
import io.modelassay.runtime.RuntimeFailure;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
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
        String message = Printable.lines(String.valueOf(e.getMessage()));
        line.getErr().println(message);
        CommandLine.UnmatchedArgumentException.printSuggestions(e, line.getErr());
        line.getErr().println("Try: " + help);
        // picocli may have stopped before it came to the option.
        if (List.of(args).contains("--json")) {
            line.getOut().print(JsonText.of(new Document(new Failure("wrong-usage", message, help))));
        }
        return Main.USAGE;
    }

    static int report(Exception e, CommandLine line, CommandLine.ParseResult parsed) {
        Verb verb = (Verb) line.getCommand();
        String message = message(e);
        line.getErr().println(Printable.lines(message));
        if (verb.showsTraces()) {
            StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            line.getErr().print(Printable.lines(trace.toString()));
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
        if (e instanceof Verb.Stopped stopped) {
            return ofTheJvm(stopped);
        }
        if (e instanceof UncheckedIOException) {
            String cause = String.valueOf(e.getCause());
            return message.contains(cause) ? message : message + ": " + cause;
        }
        if (isExpected(e)) {
            return message;
        }
        int next = message.indexOf(NEXT_STEP);
        return "Unexpected " + e.getClass().getSimpleName() + ": "
                + Printable.line(next < 0 ? message : message.substring(0, next)) + NEXT_STEP
                + (next < 0
                        ? "--debug, and report what it shows"
                        : Printable.line(message.substring(next + NEXT_STEP.length())));
    }

    private static String ofTheJvm(Verb.Stopped stopped) {
        String error = Printable.line(String.valueOf(stopped.getMessage()));
        return switch (id(stopped)) {
            case "out-of-memory" ->
                "The memory of the JVM is too small: " + error + NEXT_STEP + "java -Xmx4g -jar modelassay.jar …";
            case "stack-overflow" ->
                "The artifact is nested or worded so that the stack of the JVM is too small" + NEXT_STEP
                        + "java -Xss64m -jar modelassay.jar …, and --debug, and report what it shows";
            case "libraries-do-not-fit" ->
                "A library does not fit the others: " + error + NEXT_STEP + "the libraries of one release";
            default -> "Unexpected " + error + NEXT_STEP + "--debug, and report what it shows";
        };
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
                || isOurs(e);
    }

    /** Thrown by name; its subclasses, such as NumberFormatException, are of the JDK's making and nobody's mistake of use. */
    private static boolean isOurs(Exception e) {
        return e.getClass() == IllegalArgumentException.class || e.getClass() == IllegalStateException.class;
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
        if (e instanceof Verb.Stopped stopped) {
            return id(stopped.getCause());
        }
        return !isOurs(e) ? "unexpected" : e instanceof IllegalArgumentException ? "wrong-usage" : "not-possible";
    }

    private static String id(@Nullable Throwable error) {
        return error instanceof OutOfMemoryError
                ? "out-of-memory"
                : error instanceof StackOverflowError
                        ? "stack-overflow"
                        : error instanceof LinkageError ? "libraries-do-not-fit" : "unexpected";
    }

    private static int exitCode(Exception e) {
        boolean usage = e.getClass() == IllegalArgumentException.class
                || e instanceof UncheckedIOException
                || (e instanceof CheckpointException problem && problem.problem() == CheckpointProblem.WRITE_FAILED)
                || (e instanceof PaddingException refusal && refusal.reason().isOfTheRequest())
                || (e instanceof MatrixException matrix && matrix.problem().isOfTheRequest())
                || (e instanceof RuntimeFailure failure && failure.id().equals("no-gpu"));
        return usage ? Main.USAGE : Main.UNREADABLE;
    }
}
