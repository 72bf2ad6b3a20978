package io.modelassay.cli;

import io.modelassay.failure.Failing;
import io.modelassay.failure.Problem;
import picocli.CommandLine;

/** A mistake in the arguments of a verb that only their values show. */
final class Misuse extends CommandLine.ParameterException implements Failing {
    private static final long serialVersionUID = 1L;

    private final Problem details;

    Misuse(CommandLine line, Problem details) {
        super(line, details.description());
        this.details = details;
    }

    @Override
    public Problem details() {
        return details;
    }
}
