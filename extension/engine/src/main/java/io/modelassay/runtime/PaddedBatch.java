package io.modelassay.runtime;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apiguardian.api.API;

/**
 * Prompts of different lengths in one batch: the shorter ones are filled up with a pad token, on the left or on the right,
 * and an attention mask hides the filling. Positions count the tokens from 0 and are 1 in padding on the left, as
 * transformers' {@code generate} makes them.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class PaddedBatch {
    private final List<int[]> prompts;
    private final int padId;
    private final int[] starts;

    private PaddedBatch(List<int[]> prompts, int padId, int[] starts) {
        this.prompts = prompts;
        this.padId = padId;
        this.starts = starts;
    }

    /**
     * Padding before the tokens.
     *
     * @throws IllegalArgumentException if there is no prompt, or an empty one
     */
    public static PaddedBatch left(int padId, List<int[]> prompts) {
        int longest = longest(prompts);
        int[] starts =
                prompts.stream().mapToInt(prompt -> longest - prompt.length).toArray();
        return new PaddedBatch(prompts.stream().map(int[]::clone).toList(), padId, starts);
    }

    /**
     * Padding behind the tokens.
     *
     * @throws IllegalArgumentException if there is no prompt, or an empty one
     */
    public static PaddedBatch right(int padId, List<int[]> prompts) {
        longest(prompts);
        return new PaddedBatch(prompts.stream().map(int[]::clone).toList(), padId, new int[prompts.size()]);
    }

    private static int longest(List<int[]> prompts) {
        if (prompts.isEmpty() || prompts.stream().anyMatch(prompt -> prompt.length == 0)) {
            throw new IllegalArgumentException("A batch has at least one prompt, and a prompt at least one token");
        }
        return prompts.stream().mapToInt(prompt -> prompt.length).max().orElseThrow();
    }

    /** The prompts' own token ids. */
    public List<int[]> prompts() {
        return prompts.stream().map(int[]::clone).toList();
    }

    /** Tokens of a window: those of the longest prompt. */
    public int length() {
        return longest(prompts);
    }

    /** Index of the first token of {@code prompt} in its window. */
    public int start(int prompt) {
        return starts[prompt];
    }

    /** Token ids of each window, padding included. */
    public List<int[]> windows() {
        return IntStream.range(0, prompts.size()).mapToObj(this::window).toList();
    }

    private int[] window(int prompt) {
        int[] ids = new int[length()];
        Arrays.fill(ids, padId);
        System.arraycopy(prompts.get(prompt), 0, ids, starts[prompt], prompts.get(prompt).length);
        return ids;
    }

    /** The attention mask: 1 for tokens, 0 for padding; window after window. */
    long[] tokens() {
        return eachPlace((prompt, index) -> index >= 0 && index < prompts.get(prompt).length ? 1 : 0);
    }

    /** The position of each token, window after window. */
    long[] positions() {
        return eachPlace((prompt, index) -> index < 0 ? 1 : index);
    }

    private interface AtIndex {
        long value(int prompt, int index);
    }

    /** A value for each place of each window, from the prompt and the index that the place has in it. */
    private long[] eachPlace(AtIndex at) {
        return IntStream.range(0, prompts.size())
                .mapToObj(prompt -> IntStream.range(-starts[prompt], length() - starts[prompt])
                        .mapToLong(index -> at.value(prompt, index)))
                .flatMapToLong(LongStream::sequential)
                .toArray();
    }
}
