package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.ComparisonCheck;
import io.modelassay.evaluation.DefaultLimits;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Origin;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Provenance;
import io.modelassay.failure.Counted;
import io.modelassay.runtime.OutputErrors.ModuleError;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/** Figures of a model against its reference held to limits; each check is recorded, and gives the failure where it has one. */
final class ComparisonChecks {
    private final ModelUnderTest model;

    ComparisonChecks(ModelUnderTest model) {
        this.model = model;
    }

    Optional<String> driftAbove(double limit, Text text) {
        return judged(
                ComparisonCheck.DRIFT,
                limit,
                text,
                "to have perplexity drift of at most " + Failure.number("%.2f", limit) + " % against <"
                        + model.reference() + ">",
                (comparison, found) -> "drift was " + Failure.number("%.2f", found.value()) + " % ± "
                        + Failure.number("%.2f", found.standardError()) + " % (reference "
                        + Failure.number("%.4f", comparison.reference().value()) + ", this "
                        + Failure.number("%.4f", comparison.subject().value()) + ", "
                        + tokens(comparison.subject(), text) + ")");
    }

    Optional<String> klAbove(double limit, Text text) {
        return judged(
                ComparisonCheck.KL_DIVERGENCE,
                limit,
                text,
                "to have mean KL divergence of at most " + Failure.number("%.4f", limit) + " nats a token from <"
                        + model.reference() + ">",
                (comparison, found) -> "it was " + Failure.number("%.4f", found.value()) + " ± "
                        + Failure.number("%.4f", found.standardError()) + " (" + tokens(comparison.subject(), text)
                        + ")");
    }

    /** @param limit a share, 0 to 1 */
    Optional<String> agreementBelow(double limit, Text text) {
        return judged(
                ComparisonCheck.TOP_TOKEN,
                100 * limit,
                text,
                "to agree with <" + model.reference() + "> on at least " + Failure.number("%.2f", 100 * limit)
                        + " % of most likely tokens",
                (comparison, found) -> "it agreed on " + Failure.number("%.2f", found.value()) + " % ± "
                        + Failure.number("%.2f", found.standardError()) + " % (" + tokens(comparison.subject(), text)
                        + ")");
    }

    /** What does not hold of {@code limits}. A figure that they do not limit is recorded as reported, not judged. */
    Stream<String> beyond(DefaultLimits limits, Text text) {
        return Stream.of(
                        limits.limitsDrift()
                                ? driftAbove(limits.driftPercent(), text)
                                : reported(ComparisonCheck.DRIFT, text),
                        limits.limitsKlDivergence()
                                ? klAbove(limits.klDivergence(), text)
                                : reported(ComparisonCheck.KL_DIVERGENCE, text),
                        limits.limitsTopTokenAgreement()
                                ? agreementBelow(limits.topTokenAgreement(), text)
                                : reported(ComparisonCheck.TOP_TOKEN, text))
                .flatMap(Optional::stream);
    }

    private Optional<String> reported(ComparisonCheck check, Text text) {
        Comparison comparison = model.comparison(text);
        Figure found = check.report(model.subject(), comparison, Origin.of(text.name(), comparison.subject()));
        return Check.of(model, check.label())
                .expecting("to have a finite " + check.label() + " against <" + model.reference() + ">")
                .conclude(
                        found,
                        failure -> explained(
                                failure.but(
                                        "it was " + found.value() + " (" + tokens(comparison.subject(), text) + ")"),
                                text,
                                comparison.subject()));
    }

    private Optional<String> judged(
            ComparisonCheck check,
            double limit,
            Text text,
            String expectation,
            BiFunction<Comparison, Figure, String> told) {
        Comparison comparison = model.comparison(text);
        Figure found = check.judge(model.subject(), comparison, limit, Origin.of(text.name(), comparison.subject()));
        return Check.of(model, check.label())
                .expecting(expectation)
                .conclude(
                        found,
                        failure -> explained(failure.but(told.apply(comparison, found)), text, comparison.subject()));
    }

    /** Adds which module lost most, where the figure comes from, and what to try. */
    private String explained(Failure failure, Text text, Perplexity subject) {
        // NaN is an error too.
        List<ModuleError> errors = model.outputErrors(text).stream()
                .filter(module -> !(module.error() <= 0))
                .toList();
        String next = errors.size() < 2
                ? ""
                : "; next " + Failure.number("%.3f", errors.get(1).error());
        failure.line(
                errors.isEmpty()
                        ? "No linear module's output differs on the first window"
                        : "Largest share: " + errors.get(0).module() + " (relative output error "
                                + Failure.number("%.3f", errors.get(0).error()) + next + ")");
        return failure.from(provenance(model, subject.provenance())).then(remedy(subject, errors));
    }

    private String remedy(Perplexity subject, List<ModuleError> errors) {
        if (!Double.isFinite(subject.value())) {
            return "hasOnlyFiniteWeights(), then hasFiniteActivationsOn(text), which names the first operation";
        }
        if (model.adapter().isPresent()) {
            return "the adapter of an earlier step, or a text of the kind that it was trained on";
        }
        return errors.isEmpty()
                ? "the reference that belongs to this model"
                : "more bits or smaller groups, or keep = {\"" + errors.get(0).module() + "\"}";
    }

    private static String tokens(Perplexity figure, Text text) {
        return Counted.of(figure.tokens(), "token") + " of " + text.name();
    }

    /** Where a figure of {@code model} comes from. */
    static String provenance(ModelUnderTest model, Provenance provenance) {
        return provenance + ", checkpoint sha256 "
                + model.checkpoint().contentHash().substring(0, 12) + "…";
    }
}
