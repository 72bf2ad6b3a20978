package io.modelassay.quantization;

import io.modelassay.checkpoint.TensorInfo;
import java.util.NavigableMap;
import java.util.stream.Collectors;

/**
 * A module with codes in the place of its weight.
 *
 * @param module its name
 * @param parts its tensors by their name within the module
 */
record PackedModule(String module, NavigableMap<String, TensorInfo> parts) {
    private static final int SHOWN = 4;

    /** {@code weight U32 [64, 16], scales BF16 [64, 1]}. */
    String inWords() {
        String shown = parts.entrySet().stream()
                .limit(SHOWN)
                .map(part -> part.getKey() + " " + part.getValue().type().label() + " "
                        + part.getValue().shape())
                .collect(Collectors.joining(", "));
        return parts.size() > SHOWN ? shown + " and " + (parts.size() - SHOWN) + " more" : shown;
    }
}
