package io.modelassay.quantization;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.PythonPattern;
import io.modelassay.checkpoint.PythonPatterns;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apiguardian.api.API;

/** The modules that a quantization's config leaves in full precision, each method with matching rules of its own. */
@API(status = API.Status.EXPERIMENTAL)
public final class ModuleExclusions {
    static final ModuleExclusions NONE = new ModuleExclusions(List.of(), entry -> module -> false);

    private static final List<String> KEYS = List.of(
            "modules_to_not_convert",
            "llm_int8_skip_modules",
            "ignored_layers",
            "ignore",
            "exclude_modules",
            "skip_modules");

    private final List<Entry> entries;
    private final Function<String, Predicate<String>> rules;
    private final Map<String, Set<String>> found = new ConcurrentHashMap<>();

    /** An entry as it stands in the config, and what it names. */
    private record Entry(String text, Predicate<String> rule) {}

    private ModuleExclusions(List<Entry> entries, Function<String, Predicate<String>> rules) {
        this.entries = List.copyOf(entries);
        this.rules = rules;
    }

    /** What {@code config} leaves out. */
    public static ModuleExclusions of(QuantizationConfig config) {
        List<Entry> entries = new ArrayList<>();
        for (String key : KEYS) {
            if (config.values().isArray(key)) {
                config.values().strings(key).forEach(entry -> entries.add(new Entry(entry, rule(entry, key, config))));
            }
        }
        config.values().optionalObject("dynamic").ifPresent(dynamic -> negative(dynamic, config, entries));
        AutoRoundLayers.unquantized(config)
                .forEach(entry -> entries.add(new Entry(entry, rule(entry, "extra_config", config))));
        return new ModuleExclusions(entries, entry -> rule(entry, "a list of modules", config));
    }

    private static void negative(ModelConfig dynamic, QuantizationConfig config, List<Entry> entries) {
        dynamic.keys().stream()
                .filter(rule -> rule.startsWith("-:"))
                .map(rule -> rule.substring(2))
                .forEach(entry -> entries.add(new Entry(entry, rule(entry, "dynamic", config))));
    }

    private static Predicate<String> rule(String entry, String key, QuantizationConfig config) {
        return Schemes.ofMethod(config.method())
                .flatMap(scheme -> scheme.exclusion(entry, key, config).stream())
                .findFirst()
                .orElseGet(() -> component(entry, key, config.patterns()));
    }

    /** transformers: the entry is a run of whole components of the name, or a pattern that the whole name matches. */
    private static Predicate<String> component(String entry, String key, PythonPatterns patterns) {
        PythonPattern pattern = patterns.compile(entry + "$", key);
        String run = "." + entry + ".";
        return module -> (module.contains(entry) && ("." + module + ".").contains(run)) || pattern.match(module);
    }

    /** Whether {@code config} has a list, though it may be empty. */
    public static boolean areDeclared(QuantizationConfig config) {
        return KEYS.stream().anyMatch(config.values()::isArray)
                || config.values().isObject("dynamic");
    }

    /** The entries as they stand in the config. */
    public List<String> entries() {
        return entries.stream().map(Entry::text).toList();
    }

    /** Whether {@code module} is left out. */
    public boolean excludes(String module) {
        return !matching(module).isEmpty();
    }

    /** Whether {@code entry}, of the list or not, would name one of {@code modules}. */
    public boolean matches(String entry, Collection<String> modules) {
        return modules.stream().anyMatch(rules.apply(entry));
    }

    /** Those of {@link #entries()} that name one of {@code modules}. */
    public Set<String> entriesFor(Iterable<String> modules) {
        Set<String> used = new HashSet<>();
        modules.forEach(module -> used.addAll(matching(module)));
        return used;
    }

    /** The entries that name {@code module}; each module is held against all of them once. */
    private Set<String> matching(String module) {
        return found.computeIfAbsent(
                module,
                name -> Set.copyOf(entries.stream()
                        .filter(entry -> entry.rule.test(name))
                        .map(Entry::text)
                        .toList()));
    }
}
