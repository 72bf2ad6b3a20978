package io.modelassay.quantization;

import java.util.HashMap;
import java.util.Map;
import org.apiguardian.api.API;

/**
 * A kernel file that encodes and decodes weights, with its options.
 *
 * @param kernels name of the kernel file beside this class
 * @param options integers that the kernels read by name
 */
@API(status = API.Status.INTERNAL)
public record Codec(String kernels, Map<String, Long> options) {
    /** The value of an option that the codec has. */
    public long option(String name) {
        Long value = options.get(name);
        if (value == null) {
            throw new IllegalArgumentException(kernels + " has no option " + name);
        }
        return value;
    }

    /** The same kernels with one option replaced. */
    public Codec with(String option, long value) {
        Map<String, Long> changed = new HashMap<>(options);
        changed.put(option, value);
        return new Codec(kernels, Map.copyOf(changed));
    }
}
