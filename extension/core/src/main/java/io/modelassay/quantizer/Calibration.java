package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.checkpoint.ContentHash;
import io.modelassay.failure.InvalidRequestException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apiguardian.api.API;

/**
 * What flows through a model while it is quantized: windows of token ids, in order, none of them padding.
 *
 * @param name for messages, such as a file's name
 * @param windows the windows
 */
@API(status = API.Status.EXPERIMENTAL)
public record Calibration(String name, List<int[]> windows) {
    /** For methods that need none. */
    public static final Calibration NONE = new Calibration("no calibration", List.of());

    /** Leaves out empty windows. */
    public Calibration {
        windows = windows.stream().filter(window -> window.length > 0).toList();
    }

    /** {@code ids} in windows of {@code length} tokens; a shorter rest is dropped unless it is all there is. */
    public static Calibration ofTokens(String name, int[] ids, int length) {
        List<int[]> windows = new ArrayList<>();
        for (int from = 0; from + length <= ids.length; from += length) {
            windows.add(Arrays.copyOfRange(ids, from, from + length));
        }
        return new Calibration(name, windows.isEmpty() ? List.of(ids) : windows);
    }

    /**
     * Reads a JSON file: an array of windows, each an array of token ids, or an object with {@code input_ids} and, where
     * windows are padded, {@code attention_mask}, both such arrays. Padding is left out.
     *
     * @throws IllegalArgumentException if the file holds anything else
     */
    public static Calibration read(Path file) {
        JsonNode json;
        try {
            json = new ObjectMapper().readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw wrong(file, "is not valid JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("The calibration file " + file + " cannot be read", e);
        }
        JsonNode ids = json.isObject() ? json.path("input_ids") : json;
        JsonNode mask = json.path("attention_mask");
        if (!ids.isArray()) {
            throw wrong(file, "holds no array of windows");
        }
        List<int[]> windows = new ArrayList<>();
        for (int row = 0; row < ids.size(); row++) {
            windows.add(window(file, ids.get(row), mask.path(row)));
        }
        return new Calibration(String.valueOf(file.getFileName()), windows);
    }

    private static int[] window(Path file, JsonNode ids, JsonNode mask) {
        if (!ids.isArray() || (!mask.isMissingNode() && mask.size() != ids.size())) {
            throw wrong(file, "has a window that is no array, or whose attention_mask is of another length");
        }
        int[] window = new int[ids.size()];
        int kept = 0;
        for (int i = 0; i < ids.size(); i++) {
            if (!ids.get(i).canConvertToInt() || ids.get(i).asInt() < 0) {
                throw wrong(file, "holds " + ids.get(i) + " in the place of a token id");
            }
            if (mask.isMissingNode() || mask.get(i).asInt() != 0) {
                window[kept++] = ids.get(i).asInt();
            }
        }
        return Arrays.copyOf(window, kept);
    }

    private static IllegalArgumentException wrong(Path file, String why) {
        return new InvalidRequestException(
                "The calibration file " + file + " " + why,
                "[[53, 88, 260], [17, 4]], or {\"input_ids\": [[…]], \"attention_mask\": [[…]]}");
    }

    /** The first {@code count} windows. */
    public Calibration first(int count) {
        return new Calibration(name, windows.subList(0, Math.min(count, windows.size())));
    }

    /** @throws IllegalArgumentException if there is no token */
    void requireTokens() {
        if (windows.isEmpty()) {
            throw new InvalidRequestException(
                    "The calibration " + name + " has no tokens",
                    "some ten thousand tokens of text that is like what the model will read");
        }
    }

    /** Tokens of all windows. */
    public long tokens() {
        return windows.stream().mapToLong(window -> window.length).sum();
    }

    /** SHA-256 of the windows, as hexadecimal digits. */
    public String hash() {
        return ContentHash.ofTokens(windows);
    }
}
