package io.modelassay.diagnosis;

import io.modelassay.runtime.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a forward pass makes fail. */
final class ActivationCauses {
    /** A logit of attention that rounding moves by this many nats is another one. */
    private static final double COARSE = 0.5;

    private ActivationCauses() {}

    static List<Cause> of(List<TypedPass> passes, List<AttentionScores> scores, String embedding) {
        List<Cause> causes = new ArrayList<>();
        for (TypedPass pass : passes) {
            if (pass.nonFinite().isPresent()) {
                Place place = pass.nonFinite().get();
                if (pass.dtype() == DType.FP32 && place.module().equals(embedding)) {
                    causes.add(calibration(place));
                    return causes;
                }
                causes.add(overflow(pass.dtype(), place));
                if (pass.dtype() == DType.FP32) {
                    return causes;
                }
            }
        }
        scores.forEach(score -> scores(score, causes));
        return causes;
    }

    private static Cause calibration(Place place) {
        return new Cause(
                "non-finite-calibration",
                place.module(),
                "The embedding of token id " + place.tokenId() + " is not finite in channel " + place.channel()
                        + "; the calibration reaches it in window " + place.window() + ", position " + place.position(),
                "restore that row of the embedding; without it every figure of that window is NaN",
                setting -> true);
    }

    private static Cause overflow(DType dtype, Place place) {
        String type = dtype.name().toLowerCase(Locale.ROOT);
        // What fp32 cannot hold, nothing can.
        boolean everywhere = dtype == DType.FP32;
        return new Cause(
                "overflowing-activation",
                place.module(),
                "The first value that is not finite in " + type + " is its result at " + place
                        + "; every operation before it was finite",
                everywhere
                        ? "scan the weights; what fp32 cannot hold is damage, not precision"
                        : dtype == DType.FP16 ? "compute in bf16 or fp32" : "compute in fp32",
                setting -> everywhere || setting.dtype() == dtype);
    }

    private static void scores(AttentionScores scores, List<Cause> causes) {
        boolean overflows = scores.largest() > OperationRange.HALF_MAX;
        String measured = "q k of eager attention reaches " + WeightCauses.number(scores.largest()) + " before scaling";
        if (overflows && !scores.isBiased()) {
            causes.add(new Cause(
                    "overflowing-activation",
                    scores.module(),
                    measured + ", beyond 65504",
                    "compute in bf16 or fp32, or attention that accumulates in float32",
                    setting -> setting.dtype() == DType.FP16));
        } else if (scores.isBiased() && (overflows || scores.roundingInHalf() >= COARSE)) {
            causes.add(new Cause(
                    "large-qk-bias",
                    scores.module(),
                    measured + "; biases alone (largest " + WeightCauses.number(scores.queryBias()) + " of q, "
                            + WeightCauses.number(scores.keyBias()) + " of k) give up to "
                            + WeightCauses.number(scores.ofBiases()) + ". "
                            + (overflows
                                    ? "Beyond 65504 it is infinite in float16, and softmax gives NaN"
                                    : "Rounding it to float16 moves the logit by "
                                            + WeightCauses.number(scores.roundingInHalf()) + " nats"),
                    "compute in fp32 or bf16, or attention that scales before the product and accumulates in float32",
                    setting -> overflows && setting.dtype() == DType.FP16));
        }
    }
}
