package io.modelassay.quantization;

import java.util.Arrays;
import java.util.Collection;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * A pattern over module names: the module it names and all below it, {@code *} standing for any characters. So
 * {@code model.layers.0.mlp} selects {@code model.layers.0.mlp.down_proj}, and {@code *.down_proj} one module a layer.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ModulePattern {
    private final Pattern regex;

    private ModulePattern(Pattern regex) {
        this.regex = regex;
    }

    /** Reads a pattern. */
    public static ModulePattern of(String pattern) {
        String name =
                Arrays.stream(pattern.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
        return new ModulePattern(Pattern.compile(name + "(\\..*)?", Pattern.DOTALL));
    }

    /** Whether the module that goes by all of {@code names} is selected under one of them. */
    public boolean matchesAny(Collection<String> names) {
        return names.stream().anyMatch(this::matches);
    }

    /** Whether {@code module} is selected. */
    public boolean matches(String module) {
        return regex.matcher(module).matches();
    }
}
