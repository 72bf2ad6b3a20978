package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Limit.Direction;
import io.modelassay.evaluation.Measure;
import io.modelassay.evaluation.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Whether two ways to the same logits agree, position by position and token by token. */
final class LogitChecks {
    /** Tokens of a text that are looked at. */
    static final int TOKENS = 64;

    /** Windows of a batch, which share those tokens. */
    private static final int WINDOWS = 4;

    private final ModelUnderTest model;
    private final Text text;
    private final int[] ids;

    LogitChecks(ModelUnderTest model, Text text) {
        this.model = model;
        this.text = text;
        int[] all = model.tokens(text);
        this.ids = Arrays.copyOf(all, Math.min(TOKENS, all.length));
    }

    /** Tokens that are compared. */
    int count() {
        return ids.length;
    }

    Optional<String> otherThan(ModelUnderTest other, double tolerance) {
        return differing(
                "difference from the logits of " + other.name(),
                "to have the logits of <" + other.name() + ">",
                model.logits(ids),
                other.logits(ids),
                tolerance,
                "the first layer whose outputs differ, and versions and compute types of both");
    }

    Optional<String> otherInBatches(double tolerance) {
        int length = Math.max(1, ids.length / WINDOWS);
        List<int[]> windows = new ArrayList<>();
        for (int from = 0; from + length <= ids.length; from += length) {
            windows.add(Arrays.copyOfRange(ids, from, from + length));
        }
        List<float[]> alone = new ArrayList<>();
        windows.forEach(window -> alone.addAll(Arrays.asList(model.logits(window))));
        return differing(
                "difference of logits in batches",
                "to have the same logits in a batch of " + windows.size() + " windows as in each alone",
                model.logits(windows),
                alone.toArray(float[][]::new),
                tolerance,
                "computing in fp32, where only the order of sums may differ");
    }

    private Optional<String> differing(
            String check, String expectation, float[][] found, float[][] wanted, double tolerance, String nextStep) {
        LogitDifference difference = LogitDifference.largest(found, wanted);
        return Check.of(model, check)
                .expecting(expectation + " within " + tolerance + " on " + text.name())
                .found(Measure.LOGIT_DIFFERENCE, new Estimate(difference.size(), 0), "")
                .limit(Direction.AT_MOST, tolerance)
                .on(Origin.text(text.name()).over(ids.length).on(model.provenance()))
                .otherwise(failure -> failure.but("they differ by " + difference + " (" + found.length + " positions)")
                        .from(model.checkpoint().folder().toString())
                        .then(nextStep));
    }
}
