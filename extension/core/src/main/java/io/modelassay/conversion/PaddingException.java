package io.modelassay.conversion;

import static io.modelassay.failure.Explanation.ofArtifact;
import static io.modelassay.failure.Explanation.ofUser;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Place;
import io.modelassay.failure.Problem;
import io.modelassay.failure.ProblemId;
import org.apiguardian.api.API;

/** A checkpoint that cannot be padded, or not as asked. Nothing has been written. */
@API(status = API.Status.EXPERIMENTAL)
public final class PaddingException extends ModelAssayException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    PaddingException(Reason reason, String message, String nextStep) {
        this(reason, message, Place.NONE, nextStep);
    }

    PaddingException(Reason reason, String message, Place place, String nextStep) {
        super(new Problem(reason, message, nextStep, place));
        this.reason = reason;
    }

    /** Why. */
    @API(status = API.Status.EXPERIMENTAL)
    public enum Reason implements ProblemId {
        ALREADY_QUANTIZED(ofArtifact(
                "the weights are quantized; padding comes before that", "pad the 16-bit model, then quantize that")),
        SAME_SIZE(ofUser("the MLPs have this size already", "a larger --intermediate-size")),
        SMALLER_SIZE(ofUser("the MLPs are larger than asked for", "a size above that of the MLPs")),
        TOO_MANY_TO_INTERLEAVE(ofUser(
                "there are more zero channels than channels to put them between",
                "at most twice the channels, or the appended order")),
        MIXTURE_OF_EXPERTS(ofArtifact(
                "the model has experts, whose MLPs are not padded here",
                "a tensor-parallel size that divides moe_intermediate_size, or expert parallelism")),
        UNKNOWN_MLP(ofArtifact(
                "the MLP is not one of gate_proj, up_proj and down_proj alone",
                "a model of the Llama, Mistral or Qwen families")),
        SIZE_DISAGREES(ofArtifact(
                "the tensors have other sizes than config.json says",
                "inspect, then the config.json and tensors of the original"));

        private final Explanation explanation;

        Reason(Explanation explanation) {
            this.explanation = explanation;
        }

        @Override
        public Explanation explanation() {
            return explanation;
        }
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }
}
