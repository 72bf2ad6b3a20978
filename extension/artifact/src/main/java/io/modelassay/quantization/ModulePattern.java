package io.modelassay.quantization;

import java.util.Collection;
import org.apiguardian.api.API;

/**
 * A pattern over module names: the module it names and all below it, {@code *} standing for any characters. So
 * {@code model.layers.0.mlp} selects {@code model.layers.0.mlp.down_proj}, and {@code *.down_proj} one module a layer.
 * Matching takes linear time, whatever the pattern holds.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ModulePattern {
    private final Wildcard named;
    private final Wildcard below;

    private ModulePattern(Wildcard named, Wildcard below) {
        this.named = named;
        this.below = below;
    }

    /** Reads a pattern. */
    public static ModulePattern of(String pattern) {
        return new ModulePattern(Wildcard.of(pattern), Wildcard.of(pattern + ".*"));
    }

    /** Whether the module that goes by all of {@code names} is selected under one of them. */
    public boolean matchesAny(Collection<String> names) {
        return names.stream().anyMatch(this::matches);
    }

    /** Whether {@code module} is selected. */
    public boolean matches(String module) {
        return named.matches(module) || below.matches(module);
    }
}
