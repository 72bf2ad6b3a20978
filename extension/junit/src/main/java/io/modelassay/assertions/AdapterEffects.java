package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.AdapterException;
import io.modelassay.adapter.AdapterProblem;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Limit.Direction;
import io.modelassay.evaluation.Measure;
import io.modelassay.evaluation.Origin;
import io.modelassay.failure.Counted;
import io.modelassay.failure.Problem;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.RuntimeFailure;
import io.modelassay.runtime.RuntimeProblem;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/** What an adapter does to a model's predictions, held to limits; each check is recorded. */
final class AdapterEffects {
    /** Mean KL divergence, in nats a token, that merging may cost. */
    static final double MERGE_LOSS = 0.001;

    /** Mean KL divergence, in nats a token, below which the order of sums may be the reason. */
    private static final double NOISE = 1e-7;

    private static final int PROBED = 128;

    private final PeftAdapter adapter;
    private final ModelUnderTest model;

    AdapterEffects(PeftAdapter adapter, ModelUnderTest model) {
        this.adapter = adapter;
        this.model = model;
    }

    /** Tokens spread over the vocabulary, and those that the adapter has rows for. */
    static Text probe(ModelUnderTest model, PeftAdapter adapter) {
        long vocabulary = model.config().languageModel().integer("vocab_size");
        int[] ids = IntStream.concat(
                        adapter.config().tokens().stream().limit(PROBED).mapToInt(Math::toIntExact),
                        IntStream.range(0, PROBED).map(i -> (int) (i * vocabulary / PROBED)))
                .toArray();
        return Text.ofTokens(ids).named(ids.length + " tokens spread over the vocabulary");
    }

    Optional<String> withoutEffectOn(Text text) {
        ModelUnderTest adapted = model.withAdapter(adapter);
        Comparison comparison = adapted.comparison(text);
        Estimate kl = comparison.klDivergence();
        String next = Double.isNaN(kl.mean())
                ? "hasOnlyFiniteWeights(), which names the tensor"
                : "matchesKeysOf(model) and isTrained(), which need no text; or a text of the kind that it was trained on";
        return Check.of(adapted, "effect of adapter " + adapter.name())
                .speakingOf("adapter", adapter.name())
                .expecting("to change the outputs of <" + model.name() + ">")
                .found(Measure.ADAPTER_EFFECT, kl, "nats")
                .limit(Direction.MORE_THAN, NOISE)
                .on(Origin.of(text.name(), comparison.subject()))
                .otherwise(failure -> failure.but(
                                "with it the model predicts what it predicts without: mean KL divergence "
                                        + Failure.number("%.1e", kl.mean()) + " nats a token, the same top token at "
                                        + Failure.number(
                                                "%.2f",
                                                100
                                                        * comparison
                                                                .topTokenAgreement()
                                                                .mean()) + " % ("
                                        + tokens(comparison, text) + ")")
                        .from(provenance(comparison))
                        .then(next));
    }

    Optional<String> lostByMerging(Text text, double limit) {
        String expectation = "to be mergeable into <" + model.name() + "> at a mean KL divergence of at most "
                + Failure.number("%.4f", limit) + " nats a token";
        Comparison loss;
        try {
            loss = model.mergeLoss(adapter, text);
        } catch (RuntimeFailure refused) {
            if (refused.problem() != RuntimeProblem.NOT_MERGEABLE) {
                throw refused;
            }
            return Optional.of(refusal(expectation, refused.details()));
        } catch (AdapterException refused) {
            if (refused.problem() != AdapterProblem.NOT_MERGEABLE) {
                throw refused;
            }
            return Optional.of(refusal(expectation, refused.details()));
        }
        Estimate kl = loss.klDivergence();
        return Check.of(model, "loss by merging adapter " + adapter.name())
                .speakingOf("adapter", adapter.name())
                .expecting(expectation)
                .found(Measure.MERGE_LOSS, kl, "nats")
                .limit(Direction.AT_MOST, limit)
                .on(Origin.of(text.name(), loss.subject()))
                .otherwise(failure -> failure.but("merged and unmerged differ by " + Failure.number("%.4f", kl.mean())
                                + " ± "
                                + Failure.number("%.4f", kl.standardError()) + " (perplexity "
                                + Failure.number("%.4f", loss.reference().value()) + " unmerged, "
                                + Failure.number("%.4f", loss.subject().value()) + " merged, " + tokens(loss, text)
                                + ")")
                        .line(cause())
                        .from(provenance(loss))
                        .then(cure()));
    }

    private String refusal(String expectation, Problem refused) {
        return Failure.expecting("adapter", adapter.name(), expectation)
                .but("it can't be merged: " + refused.description())
                .from(adapter.folder() + ", base " + model.checkpoint().folder())
                .then(refused.nextStep().orElse("the adapter unmerged"));
    }

    private boolean isQuantized() {
        return model.quantization().isPresent()
                || !model.storedQuantization().weights().isEmpty();
    }

    /** Whether merging into the matrix of embedding or head changes the other, too. */
    private boolean changesSharedMatrix() {
        boolean tied = model.plan()
                .map(plan -> plan.decoder().head().equals(plan.decoder().embedding()))
                .orElse(false);
        return tied
                && adapter.modules().stream()
                        .anyMatch(module -> module.endsWith("embed_tokens") || module.equals("lm_head"));
    }

    private String cause() {
        if (changesSharedMatrix()) {
            return "Embedding and head are one matrix here: merged, the change of one acts in the other, too";
        }
        if (isQuantized()) {
            return "Merging into quantized weights quantizes the sum again";
        }
        return model.dtype() == DType.FP32
                ? "Nothing is rounded in float32, so the adapter itself does not merge"
                : "Merged weights are rounded to " + model.dtype().name().toLowerCase(Locale.ROOT)
                        + ", which loses what is small beside them";
    }

    private String cure() {
        if (changesSharedMatrix()) {
            return "the adapter unmerged, or a base with tie_word_embeddings off";
        }
        return isQuantized()
                ? "merge it into the float base and quantize the result, or use it unmerged"
                : "merge it in float32, or use it unmerged";
    }

    private String provenance(Comparison comparison) {
        return ComparisonChecks.provenance(model, comparison.subject().provenance()) + ", adapter sha256 "
                + adapter.contentHash().substring(0, 12) + "…";
    }

    private static String tokens(Comparison comparison, Text text) {
        return Counted.of(comparison.subject().tokens(), "token") + " of " + text.name();
    }
}
