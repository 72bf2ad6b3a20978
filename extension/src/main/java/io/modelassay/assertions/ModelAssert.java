package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.architecture.LoadReport;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.DefaultLimits;
import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.NonFiniteActivation;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Provenance;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.OutputErrors.ModuleError;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;
import org.assertj.core.data.Percentage;
import org.jspecify.annotations.Nullable;

/** Assertions on a model: figures over texts, values and structure. */
@API(status = API.Status.EXPERIMENTAL)
public class ModelAssert extends AbstractArtifactAssert<ModelAssert, ModelUnderTest> {
    /** For {@link ModelAssertions#assertThat(ModelUnderTest)}. */
    public ModelAssert(@Nullable ModelUnderTest actual) {
        super(actual, ModelAssert.class);
    }

    @Override
    Checkpoint checkpoint() {
        return actual.checkpoint();
    }

    @Override
    String kind() {
        return "model";
    }

    @Override
    String name() {
        return actual.name();
    }

    @Override
    LoadReport loadReport() {
        return actual.loadReport();
    }

    @Override
    ScanReport storedScan() {
        return actual.storedScan();
    }

    @Override
    List<TensorScan> decodedScan() {
        return actual.decodedScan();
    }

    @Override
    boolean isQuantized(String module) {
        return actual.quantizes(module);
    }

    @Override
    void record(Figure figure) {
        actual.record(figure);
    }

    /**
     * A forward pass over {@code text} gives finite numbers only. The failure names the first operation that does not.
     *
     * @param text windows of the model's context; at least 2 tokens
     */
    public ModelAssert hasFiniteActivationsOn(Text text) {
        isNotNull();
        Optional<NonFiniteActivation> found = actual.firstNonFiniteActivation(text);
        record(new Figure(
                name(),
                "non-finite activations",
                found.map(NonFiniteActivation::count).orElse(0L),
                0,
                "values",
                "at most 0",
                found.isEmpty(),
                text.name()));
        found.ifPresent(place -> fail(Failure.expecting(kind(), name(), "to have finite activations on " + text.name())
                .but(place.module() + " gave " + Failure.count(place.count(), "non-finite value")
                        + ", the first at token " + place.token() + ", channel " + place.channel())
                .line("Every operation before it, layer by layer, was finite")
                .from("device " + actual.device() + ", " + actual.dtype())
                .then("hasOnlyFiniteWeights(), and a compute type of larger range: dtype = DType.BF16")));
        return this;
    }

    /**
     * The perplexity over {@code text} has grown by at most {@code limit} against the reference. Measured token by token,
     * so that the standard error is that of paired differences.
     *
     * @param limit largest growth; a smaller perplexity always holds
     * @param text windows of the model's context
     */
    public ModelAssert hasPerplexityDriftAtMost(Percentage limit, Text text) {
        isNotNull();
        driftAtMost(limit.value, text);
        return this;
    }

    /**
     * The mean KL divergence from the reference over {@code text} is at most {@code limit} nats a token.
     */
    public ModelAssert hasMeanKlDivergenceAtMost(double limit, Text text) {
        isNotNull();
        klAtMost(limit, text);
        return this;
    }

    /**
     * The reference's most likely token is the model's too at no less than {@code limit} of the positions of {@code text}.
     *
     * @param limit a share, 0 to 1
     */
    public ModelAssert hasTopTokenAgreementAtLeast(double limit, Text text) {
        isNotNull();
        agreementAtLeast(limit, text);
        return this;
    }

    /**
     * Drift, KL divergence and agreement over {@code text} keep the limits of {@link DefaultLimits} for the applied
     * quantization.
     */
    public ModelAssert keepsDefaultLimitsOn(Text text) {
        isNotNull();
        Quantization quantization = actual.quantization()
                .orElseThrow(() -> new IllegalArgumentException("Default limits belong to a quantization, and "
                        + actual.name() + " has none applied\nTry: quantize = @Quantize(…), or a limit of your own"));
        long parameters = actual.plan().stream()
                .flatMap(plan -> plan.parameters().stream())
                .mapToLong(parameter -> parameter.shape().elementCount())
                .sum();
        DefaultLimits limits = DefaultLimits.of(quantization, parameters);
        requireSomething(limits.limitsAnything() ? 1 : 0, "default limits for " + quantization.label());
        driftAtMost(limits.driftPercent(), text);
        klAtMost(limits.klDivergence(), text);
        agreementAtLeast(limits.topTokenAgreement(), text);
        return this;
    }

    private void driftAtMost(double limit, Text text) {
        Comparison comparison = actual.comparison(text);
        double drift = comparison.driftPercent();
        // Written so that NaN does not hold.
        boolean holds = drift <= limit;
        Perplexity subject = comparison.subject();
        record(new Figure(
                name(),
                "perplexity drift",
                drift,
                comparison.driftStandardError(),
                "%",
                "at most " + Failure.number("%.2f", limit),
                holds,
                provenance(text, subject)));
        if (!holds) {
            fail(Failure.expecting(
                            kind(),
                            name(),
                            "to have perplexity drift of at most " + Failure.number("%.2f", limit) + " % against <"
                                    + actual.reference() + ">")
                    .but("drift was " + Failure.number("%.2f", drift) + " % ± "
                            + Failure.number("%.2f", comparison.driftStandardError()) + " % (reference "
                            + Failure.number("%.4f", comparison.reference().value()) + ", this "
                            + Failure.number("%.4f", subject.value()) + ", " + subject.tokens() + " tokens of "
                            + text.name() + ")")
                    .line(share(text))
                    .from(provenance(subject.provenance()))
                    .then(remedy(text)));
        }
    }

    private void klAtMost(double limit, Text text) {
        Comparison comparison = actual.comparison(text);
        Estimate kl = comparison.klDivergence();
        boolean holds = kl.mean() <= limit;
        record(new Figure(
                name(),
                "mean KL divergence",
                kl.mean(),
                kl.standardError(),
                "nats",
                "at most " + Failure.number("%.4f", limit),
                holds,
                provenance(text, comparison.subject())));
        if (!holds) {
            fail(Failure.expecting(
                            kind(),
                            name(),
                            "to have mean KL divergence of at most " + Failure.number("%.4f", limit)
                                    + " nats a token from <" + actual.reference() + ">")
                    .but("it was " + Failure.number("%.4f", kl.mean()) + " ± "
                            + Failure.number("%.4f", kl.standardError()) + " ("
                            + comparison.subject().tokens()
                            + " tokens of " + text.name() + ")")
                    .line(share(text))
                    .from(provenance(comparison.subject().provenance()))
                    .then(remedy(text)));
        }
    }

    private void agreementAtLeast(double limit, Text text) {
        Comparison comparison = actual.comparison(text);
        Estimate agreement = comparison.topTokenAgreement();
        boolean holds = agreement.mean() >= limit;
        record(new Figure(
                name(),
                "top token agreement",
                100 * agreement.mean(),
                100 * agreement.standardError(),
                "%",
                "at least " + Failure.number("%.2f", 100 * limit),
                holds,
                provenance(text, comparison.subject())));
        if (!holds) {
            fail(Failure.expecting(
                            kind(),
                            name(),
                            "to agree with <" + actual.reference() + "> on at least "
                                    + Failure.number("%.2f", 100 * limit) + " % of most likely tokens")
                    .but("it agreed on " + Failure.number("%.2f", 100 * agreement.mean()) + " % ± "
                            + Failure.number("%.2f", 100 * agreement.standardError()) + " % ("
                            + comparison.subject().tokens() + " tokens of " + text.name() + ")")
                    .line(share(text))
                    .from(provenance(comparison.subject().provenance()))
                    .then(remedy(text)));
        }
    }

    private String share(Text text) {
        List<ModuleError> errors = actual.outputErrors(text);
        if (errors.isEmpty()) {
            return "No linear module's output differs on the first window";
        }
        String next = errors.size() < 2
                ? ""
                : "; next " + Failure.number("%.3f", errors.get(1).error());
        return "Largest share: " + errors.get(0).module() + " (relative output error "
                + Failure.number("%.3f", errors.get(0).error()) + next + ")";
    }

    private String remedy(Text text) {
        List<ModuleError> errors = actual.outputErrors(text);
        return errors.isEmpty()
                ? "the reference that belongs to this model"
                : "more bits or smaller groups, or keep = {\"" + errors.get(0).module() + "\"}";
    }

    private String provenance(Provenance provenance) {
        return provenance + ", checkpoint sha256 " + checkpoint().contentHash().substring(0, 12) + "…";
    }

    private static String provenance(Text text, Perplexity figure) {
        return figure.tokens() + " tokens of " + text.name() + ", " + figure.protocol() + ", " + figure.provenance();
    }
}
