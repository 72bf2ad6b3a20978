package io.modelassay.evaluation;

import io.modelassay.adapter.AdapterPlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apiguardian.api.API;

/** The tokens of a training step: windows of one length. */
@API(status = API.Status.INTERNAL)
public final class TrainingBatch {
    private static final int WINDOWS = 2;
    private static final int WINDOW = 64;
    private static final long SEED = 0;

    private TrainingBatch() {}

    /**
     * Tokens drawn evenly from the vocabulary by a fixed seed, after those that {@code adapter} has rows of their own for:
     * no gradient comes to the row of a token that does not occur.
     */
    public static List<int[]> of(AdapterPlan adapter, int vocabulary) {
        SplittableRandom random = new SplittableRandom(SEED);
        IntStream own = adapter.trainedTokens().stream()
                .mapToInt(Math::toIntExact)
                .filter(token -> token < vocabulary)
                .limit(WINDOW);
        return of(IntStream.concat(own, random.ints(WINDOWS * (long) WINDOW, 0, vocabulary))
                .toArray());
    }

    /** The first of {@code tokens}, two windows of 64; one shorter window where there are fewer. */
    public static List<int[]> of(int[] tokens) {
        if (tokens.length < 2) {
            throw new IllegalArgumentException(
                    "A training step needs at least 2 tokens, one to predict the other from, not " + tokens.length);
        }
        int length = Math.min(WINDOW, tokens.length);
        List<int[]> windows = new ArrayList<>();
        for (int i = 0; i < WINDOWS && (i + 1) * length <= tokens.length; i++) {
            windows.add(Arrays.copyOfRange(tokens, i * length, (i + 1) * length));
        }
        return List.copyOf(windows);
    }
}
