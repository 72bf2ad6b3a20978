package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.evaluation.DefaultLimits;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.assertj.core.data.Percentage;
import org.jspecify.annotations.Nullable;

/**
 * What can be asserted of a model by comparison: with its reference token by token, with another model's logits, and with
 * itself in other batches.
 *
 * @param <S> the assert class
 */
@API(status = API.Status.EXPERIMENTAL)
public abstract class AbstractComparedModelAssert<S extends AbstractComparedModelAssert<S>>
        extends AbstractStoredFormAssert<S, ModelUnderTest> {
    /** For subclasses. */
    AbstractComparedModelAssert(@Nullable ModelUnderTest actual, Class<S> type) {
        super(actual, type);
    }

    /**
     * The perplexity over {@code text} has grown by at most {@code limit} against the reference. Measured token by token,
     * so that the standard error is that of paired differences. Fails where there is no other model to compare with.
     *
     * @param limit largest growth; a smaller perplexity always holds
     * @param text windows of the model's context
     */
    public S hasPerplexityDriftAtMost(Percentage limit, Text text) {
        isNotNull();
        requireReference();
        failWith(comparisons().driftAbove(limit.value, text).stream());
        return myself;
    }

    /**
     * The mean KL divergence from the reference over {@code text} is at most {@code limit} nats a token. Fails where there
     * is no other model to compare with.
     *
     * @throws IllegalArgumentException if {@code limit} is negative or NaN
     */
    public S hasMeanKlDivergenceAtMost(double limit, Text text) {
        isNotNull();
        if (!(limit >= 0)) {
            throw new IllegalArgumentException("A KL divergence is at least 0 nats, so the limit cannot be " + limit);
        }
        requireReference();
        failWith(comparisons().klAbove(limit, text).stream());
        return myself;
    }

    /**
     * The reference's most likely token is the model's too at no less than {@code limit} of the positions of {@code text}.
     * Fails where there is no other model to compare with.
     *
     * @param limit a share, 0 to 1
     * @throws IllegalArgumentException if {@code limit} is no share
     */
    public S hasTopTokenAgreementAtLeast(double limit, Text text) {
        isNotNull();
        if (!(limit >= 0 && limit <= 1)) {
            throw new IllegalArgumentException("An agreement is a share from 0 to 1, so the limit cannot be " + limit);
        }
        requireReference();
        failWith(comparisons().agreementBelow(limit, text).stream());
        return myself;
    }

    /** The logits are those of {@code other}, each within {@code tolerance}, on the first {@value LogitChecks#TOKENS} tokens. */
    public S hasSameLogitsAs(ModelUnderTest other, double tolerance, Text text) {
        isNotNull();
        failWith(logits(text).otherThan(other, tolerance).stream());
        return myself;
    }

    /** Windows give the same logits, each within {@code tolerance}, in one batch as each alone. */
    public S hasSameLogitsInBatches(double tolerance, Text text) {
        isNotNull();
        failWith(logits(text).otherInBatches(tolerance).stream());
        return myself;
    }

    /**
     * The first {@value LogitChecks#TOKENS} tokens of each prompt give the same logits, each within {@code tolerance}, in one
     * batch that is padded left, in one that is padded right, and alone. Padded with every pad token that the artifact's files
     * name, or with the end of the text where they name none. Fails where no prompt is shorter than another.
     *
     * @param prompts texts of different lengths
     */
    public S hasSameLogitsUnderPadding(double tolerance, Text... prompts) {
        isNotNull();
        PaddedPromptChecks checks = new PaddedPromptChecks(actual, prompts);
        requireSomething(
                checks.padded(),
                "prompts that a batch pads",
                "texts of different lengths, none empty, the shorter below " + LogitChecks.TOKENS + " tokens");
        requireSomething(
                checks.padTokens().size(),
                "a pad token, or an end of the text in its place",
                "pad_token in tokenizer_config.json");
        failWith(checks.otherThanAlone(tolerance).stream());
        return myself;
    }

    private LogitChecks logits(Text text) {
        LogitChecks checks = new LogitChecks(actual, text);
        requireSomething(checks.count(), "tokens in " + text.name(), "a text that is not empty");
        return checks;
    }

    /**
     * Drift, KL divergence and agreement over {@code text} keep the limits of {@link DefaultLimits} for the quantization: the
     * one that is applied, or the one that the artifact is stored in, whose weakest scheme decides. One failure tells of all
     * that do not.
     *
     * <p>A figure that nobody has measured on healthy models of this size has no limit, such as 4 bits of a model of 0.3 billion
     * parameters. It is computed, written into the report as "not judged", and fails nothing. A figure that is not finite
     * fails all the same. Where every figure must be judged, name limits of your own.
     *
     * <pre>{@code
     * // 8 bits of a model of 0.3 billion parameters with 0.4 % drift, KL 0.0095, agreement 0.955: passes.
     * assertThat(int8).keepsDefaultLimitsOn(text);
     * // The same with a damaged layer and 3.6 % drift: fails.
     * assertThat(damaged).keepsDefaultLimitsOn(text);
     * }</pre>
     *
     * <p>Fails where nothing is quantized, where an adapter acts, where there is no other model to compare with, and for a
     * scheme that has limits at no size, such as 2 bits.
     */
    public S keepsDefaultLimitsOn(Text text) {
        isNotNull();
        Optional<DefaultLimits> limits = actual.defaultLimits();
        requireSomething(limits.isPresent() ? 1 : 0, limitsSought(), limitsInstead());
        requireReference();
        failWith(comparisons().beyond(limits.orElseThrow(), text));
        return myself;
    }

    private String limitsSought() {
        return isQuantized()
                ? "default limits for " + actual.quantizationLabel()
                : "default limits, which belong to a quantization"
                        + (actual.adapter().isPresent() ? ", not to an adapter" : "");
    }

    private String limitsInstead() {
        return isQuantized()
                ? "a limit of your own, such as hasPerplexityDriftAtMost(withPercentage(20), text)"
                : "quantize = @Quantize(…), or a limit of your own";
    }

    private boolean isQuantized() {
        return actual.adapter().isEmpty()
                && (actual.quantization().isPresent()
                        || !actual.storedQuantization().weights().isEmpty());
    }

    final void failWith(Stream<String> failures) {
        String text = failures.collect(Collectors.joining("\n\n"));
        if (!text.isEmpty()) {
            fail(text);
        }
    }

    /** A model compared with itself would pass every limit. */
    final void requireReference() {
        if (actual.reference() == actual) {
            fail(Failure.expecting(kind(), name(), "to have another model to be compared with")
                    .but("no quantization is applied and no reference named, so nothing has been compared")
                    .from(folder())
                    .then("quantize = @Quantize(…), or reference = the path of the unquantized model"));
        }
    }

    private ComparisonChecks comparisons() {
        return new ComparisonChecks(actual);
    }
}
