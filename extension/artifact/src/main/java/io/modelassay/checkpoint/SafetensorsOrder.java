package io.modelassay.checkpoint;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;

/** The reference writer's order: types from the last to the first of {@link TensorType}, then names by UTF-8 bytes. */
final class SafetensorsOrder {

    static final Comparator<TensorInfo> COMPARATOR = Comparator.comparing(TensorInfo::type)
            .reversed()
            .thenComparing((one, other) -> compareNames(one.name(), other.name()));

    private SafetensorsOrder() {}

    private static int compareNames(String one, String other) {
        return Arrays.compareUnsigned(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
    }
}
