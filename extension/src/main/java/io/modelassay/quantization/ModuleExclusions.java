package io.modelassay.quantization;

import io.modelassay.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apiguardian.api.API;

/** The modules that a quantization's config leaves in full precision, each method with matching rules of its own. */
@API(status = API.Status.EXPERIMENTAL)
public final class ModuleExclusions {
    static final ModuleExclusions NONE = new ModuleExclusions(List.of(), (entry, module) -> false);

    private static final List<String> KEYS = List.of(
            "modules_to_not_convert",
            "llm_int8_skip_modules",
            "ignored_layers",
            "ignore",
            "exclude_modules",
            "skip_modules");

    private final List<String> entries;
    private final BiPredicate<String, String> rule;

    private ModuleExclusions(List<String> entries, BiPredicate<String, String> rule) {
        this.entries = List.copyOf(entries);
        this.rule = rule;
    }

    /** What {@code config} leaves out. */
    public static ModuleExclusions of(QuantizationConfig config) {
        List<String> entries = new ArrayList<>();
        for (String key : KEYS) {
            if (config.values().isArray(key)) {
                entries.addAll(config.values().strings(key));
            }
        }
        config.values().optionalObject("dynamic").ifPresent(dynamic -> negative(dynamic, entries));
        entries.addAll(AutoRoundLayers.unquantized(config));
        return new ModuleExclusions(
                entries,
                switch (config.method()) {
                    case "awq" -> (entry, module) -> module.contains(entry);
                    case "gptq" -> ModuleExclusions::startsWithPattern;
                    case "auto-round" -> ModuleExclusions::nameOrFound;
                    case "compressed-tensors" -> ModuleExclusions::nameOrPattern;
                    case "modelopt" ->
                        (entry, module) -> wildcard(entry).matcher(module).matches();
                    default -> ModuleExclusions::component;
                });
    }

    private static void negative(ModelConfig dynamic, List<String> entries) {
        dynamic.keys().stream()
                .filter(rule -> rule.startsWith("-:"))
                .map(rule -> rule.substring(2))
                .forEach(entries::add);
    }

    private static boolean startsWithPattern(String entry, String module) {
        return matches(entry, module);
    }

    /** GPTQModel and compressed-tensors anchor a pattern at the start of the name only. */
    private static boolean matches(String pattern, String module) {
        try {
            return Pattern.compile(pattern).matcher(module).lookingAt();
        } catch (PatternSyntaxException e) {
            return false;
        }
    }

    /** AutoRound: an entry of {@code extra_config} is a name or a pattern, one of a list a component of the name. */
    private static boolean nameOrFound(String entry, String module) {
        return AutoRoundLayers.isPattern(entry) ? isFound(entry, module) : component(entry, module);
    }

    /** Whether {@code pattern} matches anywhere in {@code module}. */
    static boolean isFound(String pattern, String module) {
        try {
            return Pattern.compile(pattern).matcher(module).find();
        } catch (PatternSyntaxException e) {
            return false;
        }
    }

    private static boolean nameOrPattern(String entry, String module) {
        return entry.startsWith("re:") ? matches(entry.substring(3), module) : entry.equals(module);
    }

    private static Pattern wildcard(String entry) {
        return Pattern.compile(("\\Q" + entry + "\\E").replace("*", "\\E.*\\Q"));
    }

    /** transformers: the entry is a run of whole components of the name, or a pattern that the whole name matches. */
    private static boolean component(String entry, String module) {
        return ("." + module + ".").contains("." + entry + ".") || matches(entry + "$", module);
    }

    /** Whether {@code config} has a list, though it may be empty. */
    public static boolean areDeclared(QuantizationConfig config) {
        return KEYS.stream().anyMatch(config.values()::isArray)
                || config.values().isObject("dynamic");
    }

    /** The entries as they stand in the config. */
    public List<String> entries() {
        return entries;
    }

    /** Whether {@code module} is left out. */
    public boolean excludes(String module) {
        return entries.stream().anyMatch(entry -> rule.test(entry, module));
    }

    /** Whether {@code entry} names one of {@code names}. */
    public boolean matches(String entry, Iterable<String> names) {
        for (String module : names) {
            if (rule.test(entry, module)) {
                return true;
            }
        }
        return false;
    }
}
