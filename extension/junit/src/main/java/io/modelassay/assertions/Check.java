package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Limit;
import io.modelassay.evaluation.Limit.Direction;
import io.modelassay.evaluation.Measure;
import io.modelassay.evaluation.Observation;
import io.modelassay.evaluation.Origin;
import io.modelassay.evaluation.Subject;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One check: whose figure it is, what was expected, what was found, and the limit. {@link #otherwise} records the figure and,
 * where it does not hold, gives the failure's text.
 */
final class Check {
    private final Subject subject;
    private final Consumer<Figure> recorder;
    private final String name;
    private String kind;
    private String who;
    private String expectation = "";
    private Origin origin = Origin.NONE;
    private boolean otherConditions = true;
    private @Nullable Observation found;
    private @Nullable Limit limit;

    private Check(String kind, Subject subject, Consumer<Figure> recorder, String name) {
        this.kind = kind;
        this.who = subject.name();
        this.subject = subject;
        this.recorder = recorder;
        this.name = name;
    }

    /** A check of {@code model}. */
    static Check of(ModelUnderTest model, String name) {
        return of("model", model.subject(), model::record, name);
    }

    /**
     * A check of something else.
     *
     * @param kind what a failure calls it, such as {@code checkpoint}
     * @param recorder is told of the figure
     * @param name of the check, such as {@code missing keys}
     */
    static Check of(String kind, Subject subject, Consumer<Figure> recorder, String name) {
        return new Check(kind, subject, recorder, name);
    }

    /** What a failure speaks of, where it is not the model that the figure is of. */
    Check speakingOf(String otherKind, String otherName) {
        kind = otherKind;
        who = otherName;
        return this;
    }

    /** Completes "Expecting model … ". */
    Check expecting(String clause) {
        expectation = clause;
        return this;
    }

    /** None is expected of {@code things}, and so many were found. */
    Check none(String things, long count) {
        return count(things, count, Direction.AT_MOST, 0);
    }

    /** At least one is expected of {@code things}, and so many were found. */
    Check some(String things, long count) {
        return count(things, count, Direction.AT_LEAST, 1);
    }

    private Check count(String things, long count, Direction direction, double bound) {
        found = Observation.count(name, count, things);
        limit = new Limit(bound, direction, things);
        return this;
    }

    /** A figure with its standard error. */
    Check found(Measure measure, Estimate estimate, String unit) {
        found = new Observation(name, measure, estimate, unit);
        return this;
    }

    /** What {@link #found} is held to. */
    Check limit(Direction direction, double bound) {
        limit = new Limit(bound, direction, Objects.requireNonNull(found).unit());
        return this;
    }

    /** Holds only if {@code condition} does, too. */
    Check onlyIf(boolean condition) {
        otherConditions = condition;
        return this;
    }

    /** What it was measured on. */
    Check on(Origin measuredOn) {
        origin = measuredOn;
        return this;
    }

    /** What was looked at, such as {@code 291 parameters expected}. */
    Check among(String basis) {
        return on(Origin.of(basis));
    }

    /**
     * Records the check.
     *
     * @param told completes the failure; called only where the check does not hold
     * @return the failure; empty where the check holds
     */
    Optional<String> otherwise(Function<Failure, String> told) {
        Observation observed = Objects.requireNonNull(found);
        Limit held = Objects.requireNonNull(limit);
        boolean holds = otherConditions && held.holds(observed.estimate().mean());
        return conclude(new Figure(subject, observed, held, holds, origin), told);
    }

    /** As {@link #otherwise}, of a figure that has been judged. */
    Optional<String> conclude(Figure figure, Function<Failure, String> told) {
        recorder.accept(figure);
        return figure.holds() ? Optional.empty() : Optional.of(told.apply(Failure.expecting(kind, who, expectation)));
    }
}
