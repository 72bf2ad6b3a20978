package io.modelassay.adapter;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.PythonPattern;
import io.modelassay.checkpoint.PythonPatterns;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Modules named by a key of an adapter's config: a list of names, each meaning the module of that name and every module
 * whose name ends with a dot and it; or one regular expression over whole names.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ModuleSelector {
    private static final String ALL_LINEAR = "all-linear";

    private final List<String> names;
    private final @Nullable String text;
    private final @Nullable PythonPattern pattern;

    private ModuleSelector(List<String> names, @Nullable String text, @Nullable PythonPattern pattern) {
        this.names = names;
        this.text = text;
        this.pattern = pattern;
    }

    static Optional<ModuleSelector> of(ModelConfig json, String key, PythonPatterns patterns) {
        if (!json.has(key)) {
            return Optional.empty();
        }
        if (json.isString(key)) {
            String text = json.string(key);
            boolean special = text.toLowerCase(Locale.ROOT).equals(ALL_LINEAR);
            return Optional.of(new ModuleSelector(List.of(), text, special ? null : patterns.compile(text, key)));
        }
        return Optional.of(new ModuleSelector(json.strings(key), null, null));
    }

    /** The names of the list; empty where it is a regular expression. */
    public List<String> names() {
        return names;
    }

    /** Whether it stands for every linear module but the head. */
    public boolean isAllLinear() {
        return text != null && pattern == null;
    }

    /** Whether it names nothing at all. */
    public boolean isEmpty() {
        return text == null ? names.isEmpty() : text.isEmpty();
    }

    /** Whether the whole name is in the list, or the regular expression matches it. */
    boolean namesWhole(String module) {
        return pattern == null ? names.contains(module) : pattern.fullMatch(module);
    }

    /** Whether the name ends with an entry of the list. */
    boolean namesEnd(String module) {
        return names.stream().anyMatch(name -> endsWith(module, name));
    }

    /** Whether it names {@code module}. */
    public boolean matches(String module) {
        return namesWhole(module) || namesEnd(module);
    }

    /** Whether {@code module} has a dot and {@code name} at its end. */
    static boolean endsWith(String module, String name) {
        int at = module.length() - name.length() - 1;
        return at >= 0 && module.charAt(at) == '.' && module.endsWith(name);
    }

    /** As the config has it. */
    @Override
    public String toString() {
        return text == null ? names.toString() : "\"" + text + "\"";
    }
}
