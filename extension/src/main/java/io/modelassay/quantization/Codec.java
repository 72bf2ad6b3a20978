package io.modelassay.quantization;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/**
 * Kernel files that encode and decode weights, with their options.
 *
 * @param kernels names of the kernel files beside this class, which make one module together
 * @param options integers that the kernels read by name
 */
@API(status = API.Status.INTERNAL)
public record Codec(List<String> kernels, Map<String, Long> options) {
    /** Copies both. */
    public Codec {
        kernels = List.copyOf(kernels);
        options = Map.copyOf(options);
    }

    /** A codec of one kernel file. */
    public Codec(String kernels, Map<String, Long> options) {
        this(List.of(kernels), options);
    }

    /** The value of an option that the codec has. */
    public long option(String name) {
        Long value = options.get(name);
        if (value == null) {
            throw new IllegalArgumentException(String.join(" + ", kernels) + " has no option " + name);
        }
        return value;
    }

    /** The same kernels with one option replaced. */
    public Codec with(String option, long value) {
        Map<String, Long> changed = new HashMap<>(options);
        changed.put(option, value);
        return new Codec(kernels, changed);
    }
}
