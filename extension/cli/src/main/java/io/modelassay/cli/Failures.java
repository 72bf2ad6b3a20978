package io.modelassay.cli;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.failure.Audience;
import io.modelassay.failure.GeneralProblem;
import io.modelassay.failure.Printable;
import io.modelassay.failure.Problem;
import io.modelassay.failure.Problems;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** Turns what stopped a verb into a message, an exit code and, with {@code --json}, a document. */
final class Failures {
    private Failures() {}

    /** The document printed in the place of a result. */
    record Document(Failure error) {
        Document(Problem problem) {
            this(new Failure(problem.id().id(), problem.description(), problem.step()));
        }
    }

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
        Problem problem = misuse(e, line.getCommandSpec().qualifiedName() + " --help");
        line.getErr().println(problem.description());
        CommandLine.UnmatchedArgumentException.printSuggestions(e, line.getErr());
        line.getErr().println(Problem.TRY + problem.step());
        // picocli may have stopped before it came to the option.
        if (List.of(args).contains("--json")) {
            line.getOut().print(JsonText.of(new Document(problem)));
        }
        return Main.USAGE;
    }

    private static Problem misuse(CommandLine.ParameterException e, String help) {
        if (e instanceof Misuse known) {
            Problem told = known.details();
            return told.step() == null ? new Problem(told.id(), told.message(), help, told.place()) : told;
        }
        return new Problem(GeneralProblem.WRONG_USAGE, String.valueOf(e.getMessage()), help);
    }

    static int report(Exception e, CommandLine line, CommandLine.ParseResult parsed) {
        Verb verb = (Verb) line.getCommand();
        Problem problem = Problems.of(e);
        line.getErr().println(problem.text());
        if (verb.showsTraces()) {
            StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            line.getErr().print(Printable.lines(trace.toString()));
        }
        if (verb.printsJson()) {
            line.getOut().print(JsonText.of(new Document(problem)));
        }
        return problem.audience() == Audience.USER ? Main.USAGE : Main.UNREADABLE;
    }
}
