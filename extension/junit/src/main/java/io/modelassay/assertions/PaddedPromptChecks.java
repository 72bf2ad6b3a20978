package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.PadToken;
import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Limit.Direction;
import io.modelassay.evaluation.Measure;
import io.modelassay.evaluation.Origin;
import io.modelassay.failure.Counted;
import io.modelassay.runtime.PaddedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/** Whether prompts of different lengths have the logits in a padded batch that each has alone. */
final class PaddedPromptChecks {
    private final ModelUnderTest model;
    private final List<Text> texts;
    private final List<int[]> prompts;

    PaddedPromptChecks(ModelUnderTest model, Text... texts) {
        this.model = model;
        this.texts = List.of(texts);
        this.prompts = this.texts.stream()
                .map(model::tokens)
                .map(ids -> Arrays.copyOf(ids, Math.min(LogitChecks.TOKENS, ids.length)))
                .toList();
    }

    /** Prompts that are compared and that a batch pads; none where one is empty. */
    long padded() {
        int longest = prompts.stream().mapToInt(ids -> ids.length).max().orElse(0);
        return prompts.stream().anyMatch(ids -> ids.length == 0)
                ? 0
                : prompts.stream().filter(ids -> ids.length < longest).count();
    }

    /** The pad tokens that the artifact's files name. */
    List<PadToken> padTokens() {
        return PadToken.of(model.checkpoint());
    }

    /** What is wrong with the first of {@link #padTokens} that something is wrong with. */
    Optional<String> otherThanAlone(double tolerance) {
        int rows = model.plan().orElseThrow().decoder().vocabularySize();
        Optional<PadToken> outside =
                padTokens().stream().filter(pad -> pad.id() >= rows).findFirst();
        if (outside.isPresent()) {
            return Optional.of(Failure.expecting("model", model.name(), expectation(tolerance))
                    .but("the pad token " + outside.get() + " has no row in the embedding of " + rows
                            + " rows: a batch that holds it fails with an index out of range")
                    .from(model.checkpoint().folder().toString())
                    .then("the id of a token that the embedding has, such as that of the end of the text"));
        }
        List<float[][]> alone = prompts.stream().map(model::logits).toList();
        return padTokens().stream()
                .map(pad -> otherThanAlone(pad, alone, tolerance))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private Optional<String> otherThanAlone(PadToken pad, List<float[][]> alone, double tolerance) {
        Map<String, Place> sides = new LinkedHashMap<>();
        sides.put("left", worst(PaddedBatch::left, pad, alone));
        sides.put("right", worst(PaddedBatch::right, pad, alone));
        Place worst = sides.values().stream().max(Place.ORDER).orElseThrow();
        return Check.of(model, "difference of logits under padding")
                .expecting(expectation(tolerance))
                .found(Measure.LOGIT_DIFFERENCE, new Estimate(worst.difference().size(), 0), "")
                .limit(Direction.AT_MOST, tolerance)
                .on(Origin.of(Counted.of(prompts.size(), "prompt") + ", pad token " + pad)
                        .on(model.provenance()))
                .otherwise(failure -> failure.but("with the pad token " + pad + " they differ")
                        .items(sides.entrySet().stream()
                                .map(side -> "padded " + side.getKey() + ": " + described(side.getValue()))
                                .toList())
                        .from(ComparisonChecks.provenance(model, model.provenance()))
                        .then(nextStep(worst.difference(), pad)));
    }

    private Place worst(BiFunction<Integer, List<int[]>, PaddedBatch> side, PadToken pad, List<float[][]> alone) {
        List<float[][]> padded = model.logits(side.apply(Math.toIntExact(pad.id()), prompts));
        List<Place> places = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            places.add(new Place(i, LogitDifference.largest(padded.get(i), alone.get(i))));
        }
        return places.stream().max(Place.ORDER).orElseThrow();
    }

    /** The largest difference of a prompt. */
    private record Place(int prompt, LogitDifference difference) {
        /** NaN last; of equals the first prompt last. */
        static final Comparator<Place> ORDER = Comparator.<Place>comparingDouble(
                        place -> place.difference().size())
                .thenComparing(Place::prompt, Comparator.reverseOrder());
    }

    private String described(Place place) {
        return "prompt " + (place.prompt() + 1) + ", "
                + texts.get(place.prompt()).name() + " (" + Counted.of(prompts.get(place.prompt()).length, "token")
                + "), by " + place.difference();
    }

    private String expectation(double tolerance) {
        return "to have the same logits under padding within " + tolerance + " on "
                + Counted.of(prompts.size(), "prompt");
    }

    private String nextStep(LogitDifference worst, PadToken pad) {
        if (!Float.isFinite(worst.wanted())) {
            return "hasFiniteActivationsOn(text), since the prompt alone has them too";
        }
        if (!Float.isFinite(worst.found())) {
            return "zeros in row " + pad.id() + " of "
                    + model.plan().orElseThrow().decoder().embedding()
                    + ": attention gives padding the weight 0, and 0 times NaN or infinity is NaN";
        }
        return "computing in fp32, where only the order of sums may differ; a rope_type other than dynamic, whose"
                + " frequencies follow the longest prompt of a batch";
    }
}
