package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Provenance;
import io.modelassay.runtime.OutputErrors.ModuleError;
import java.util.List;
import java.util.Optional;

/** Figures of a model against its reference held to limits; each check is recorded, and gives the failure where it has one. */
final class ComparisonChecks {
    private final ModelUnderTest model;

    ComparisonChecks(ModelUnderTest model) {
        this.model = model;
    }

    Optional<String> driftAbove(double limit, Text text) {
        Comparison comparison = model.comparison(text);
        double drift = comparison.driftPercent();
        Perplexity subject = comparison.subject();
        // NaN does not hold.
        boolean holds = drift <= limit;
        model.record(new Figure(
                model.name(),
                "perplexity drift",
                drift,
                comparison.driftStandardError(),
                "%",
                "at most " + Failure.number("%.2f", limit),
                holds,
                provenance(text, subject)));
        if (holds) {
            return Optional.empty();
        }
        return Optional.of(explained(
                Failure.expecting(
                                "model",
                                model.name(),
                                "to have perplexity drift of at most " + Failure.number("%.2f", limit) + " % against <"
                                        + model.reference() + ">")
                        .but("drift was " + Failure.number("%.2f", drift) + " % ± "
                                + Failure.number("%.2f", comparison.driftStandardError()) + " % (reference "
                                + Failure.number("%.4f", comparison.reference().value()) + ", this "
                                + Failure.number("%.4f", subject.value()) + ", " + tokens(subject, text) + ")"),
                text,
                subject));
    }

    Optional<String> klAbove(double limit, Text text) {
        Comparison comparison = model.comparison(text);
        Estimate kl = comparison.klDivergence();
        boolean holds = kl.mean() <= limit;
        model.record(new Figure(
                model.name(),
                "mean KL divergence",
                kl.mean(),
                kl.standardError(),
                "nats",
                "at most " + Failure.number("%.4f", limit),
                holds,
                provenance(text, comparison.subject())));
        if (holds) {
            return Optional.empty();
        }
        return Optional.of(explained(
                Failure.expecting(
                                "model",
                                model.name(),
                                "to have mean KL divergence of at most " + Failure.number("%.4f", limit)
                                        + " nats a token from <" + model.reference() + ">")
                        .but("it was " + Failure.number("%.4f", kl.mean()) + " ± "
                                + Failure.number("%.4f", kl.standardError()) + " ("
                                + tokens(comparison.subject(), text) + ")"),
                text,
                comparison.subject()));
    }

    Optional<String> agreementBelow(double limit, Text text) {
        Comparison comparison = model.comparison(text);
        Estimate agreement = comparison.topTokenAgreement();
        boolean holds = agreement.mean() >= limit;
        model.record(new Figure(
                model.name(),
                "top token agreement",
                100 * agreement.mean(),
                100 * agreement.standardError(),
                "%",
                "at least " + Failure.number("%.2f", 100 * limit),
                holds,
                provenance(text, comparison.subject())));
        if (holds) {
            return Optional.empty();
        }
        return Optional.of(explained(
                Failure.expecting(
                                "model",
                                model.name(),
                                "to agree with <" + model.reference() + "> on at least "
                                        + Failure.number("%.2f", 100 * limit) + " % of most likely tokens")
                        .but("it agreed on " + Failure.number("%.2f", 100 * agreement.mean()) + " % ± "
                                + Failure.number("%.2f", 100 * agreement.standardError()) + " % ("
                                + tokens(comparison.subject(), text) + ")"),
                text,
                comparison.subject()));
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
        return Failure.count(figure.tokens(), "token") + " of " + text.name();
    }

    /** Where a figure of {@code model} comes from. */
    static String provenance(ModelUnderTest model, Provenance provenance) {
        return provenance + ", checkpoint sha256 "
                + model.checkpoint().contentHash().substring(0, 12) + "…";
    }

    private static String provenance(Text text, Perplexity figure) {
        return tokens(figure, text) + ", " + figure.protocol() + ", " + figure.provenance();
    }
}
