package io.modelassay.evaluation;

import io.modelassay.failure.InvalidRequestException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apiguardian.api.API;

/**
 * How a text becomes windows. Figures of different protocols are not comparable, so every figure carries its
 * {@link #id}.
 *
 * <p>The tokens are cut into non-overlapping windows and the tail is dropped, as in the GPTQ paper; a text shorter than one
 * window is one window of its own. In each window the second to the last token are predicted.
 *
 * @param window tokens in a window, at least 2
 */
@API(status = API.Status.EXPERIMENTAL)
public record Protocol(int window) {
    /** Checks the window. */
    public Protocol {
        if (window < 2) {
            throw new IllegalArgumentException("A window has at least 2 tokens, not " + window);
        }
    }

    /** The protocol for a model of {@code maxPositions} positions: its whole context, at most 2048 tokens. */
    public static Protocol forContext(int maxPositions) {
        return new Protocol(Math.min(2048, maxPositions));
    }

    /** The windows of {@code tokens}. */
    public List<int[]> windows(int[] tokens) {
        if (tokens.length < 2) {
            throw new InvalidRequestException(
                    "A text of " + tokens.length + " tokens predicts nothing",
                    "a text of at least 2 tokens, better several thousand");
        }
        if (tokens.length < window) {
            return List.of(tokens.clone());
        }
        List<int[]> windows = new ArrayList<>();
        for (int from = 0; from + window <= tokens.length; from += window) {
            windows.add(Arrays.copyOfRange(tokens, from, from + window));
        }
        return windows;
    }

    /** A stable name, such as {@code non-overlapping-512-drop-tail/1}. */
    public String id() {
        return "non-overlapping-" + window + "-drop-tail/1";
    }
}
