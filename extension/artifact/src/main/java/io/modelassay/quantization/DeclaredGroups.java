package io.modelassay.quantization;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.PythonPattern;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * {@code config_groups} as compressed-tensors writes it and ModelOpt copies it: each group tells its targets, which are
 * names of modules, patterns ({@code re:…}, anchored at the start) or class names, and how their weights are stored. A name
 * goes over a pattern, a pattern over a class. A group may also be the name of a preset with a list of targets.
 */
final class DeclaredGroups {
    private static final Pattern INTEGER_PRESET = Pattern.compile("W([2-8])A(4|8|16|FP8)(_ASYM)?");
    private static final String PATTERN = "re:";
    private static final Pattern PAIR = Pattern.compile("([0-9]{1,6})\\s*x\\s*([0-9]{1,6})");

    private final QuantizationConfig config;
    private final Optional<ModelConfig> groups;
    private final Map<String, NavigableSet<String>> byName = new HashMap<>();
    private final Map<PythonPattern, NavigableSet<String>> byPattern = new LinkedHashMap<>();
    private final NavigableSet<String> ofLinears = new TreeSet<>();
    private final Map<String, List<String>> found = new ConcurrentHashMap<>();

    private DeclaredGroups(QuantizationConfig config) {
        this.config = config;
        this.groups = config.values().optionalObject("config_groups");
        groups.ifPresent(declared ->
                declared.keys().forEach(group -> targets(declared, group).forEach(target -> target(target, group))));
    }

    static DeclaredGroups of(QuantizationConfig config) {
        return new DeclaredGroups(config);
    }

    private void target(String target, String group) {
        if (target.startsWith(PATTERN)) {
            byPattern
                    .computeIfAbsent(pattern(target, config), unused -> new TreeSet<>())
                    .add(group);
        } else {
            byName.computeIfAbsent(target, unused -> new TreeSet<>()).add(group);
        }
        if (isOfLinears(target)) {
            ofLinears.add(group);
        }
    }

    private static PythonPattern pattern(String target, QuantizationConfig config) {
        return config.patterns().compile(target.substring(PATTERN.length()), "config_groups");
    }

    private static boolean isOfLinears(String target) {
        return !target.contains(".") && target.endsWith("Linear");
    }

    /**
     * How a module's weight is declared to be stored.
     *
     * @param format such as {@code pack-quantized}; empty where not told
     * @param bits bits of a code
     * @param groupSize -1 for channels and whole tensors
     * @param grid tiles with one scale; zero where not told
     * @param symmetric whether there is no zero point
     * @param ordered whether there is a {@code weight_g_idx}
     */
    record Weights(
            String format,
            OptionalLong bits,
            OptionalLong groupSize,
            ScaleGrid grid,
            boolean symmetric,
            boolean ordered) {}

    /** What {@code config} declares of {@code module}; nothing where no group targets it. */
    static Optional<Weights> find(String module, QuantizationConfig config) {
        return candidates(module, config).stream().findFirst().flatMap(name -> of(name, config));
    }

    /** The names of the groups that target {@code module} with the highest rank, in the order of their names. */
    static List<String> candidates(String module, QuantizationConfig config) {
        return config.groups().found.computeIfAbsent(module, config.groups()::ranked);
    }

    /** A name goes over a pattern, a pattern over a class of linear modules. */
    private List<String> ranked(String module) {
        NavigableSet<String> named = byName.getOrDefault(module, Collections.emptyNavigableSet());
        if (!named.isEmpty()) {
            return List.copyOf(named);
        }
        NavigableSet<String> matching = new TreeSet<>();
        byPattern.forEach((pattern, all) -> {
            if (!matching.containsAll(all) && pattern.match(module)) {
                matching.addAll(all);
            }
        });
        return List.copyOf(matching.isEmpty() ? ofLinears : matching);
    }

    /** What the group {@code name} declares of weights. */
    static Optional<Weights> of(String name, QuantizationConfig config) {
        return config.values().optionalObject("config_groups").flatMap(groups -> weights(groups, name, config));
    }

    /** {@code input_activations} of the group that targets {@code module}. */
    static Optional<ModelConfig> activations(String module, QuantizationConfig config) {
        ModelConfig groups = config.values().optionalObject("config_groups").orElse(null);
        return candidates(module, config).stream()
                .findFirst()
                .filter(name -> groups != null && groups.isObject(name))
                .flatMap(name ->
                        groups == null ? Optional.empty() : groups.object(name).optionalObject("input_activations"));
    }

    /** All targets of all groups. */
    static List<String> targets(QuantizationConfig config) {
        ModelConfig groups = config.values().optionalObject("config_groups").orElse(null);
        return groups == null
                ? List.of()
                : groups.keys().stream()
                        .flatMap(name -> targets(groups, name).stream())
                        .toList();
    }

    /** Whether the modules that {@code target} means are known by their names: not so for classes that are not linear. */
    static boolean isJudged(String target) {
        return target.isEmpty() || !Character.isUpperCase(target.charAt(0)) || target.endsWith("Linear");
    }

    /** The format of {@code module}, or an empty string. */
    static String format(String module, SchemeReading reading) {
        return reading.config()
                .map(config -> find(module, config).map(Weights::format).orElse(config.text("format")))
                .orElse("");
    }

    /** Bits and group size of {@code module}, from its group or else from the general keys. */
    static Scheme.Declared declared(String module, QuantizationConfig config) {
        return find(module, config)
                .map(weights -> new Scheme.Declared(weights.bits(), weights.groupSize()))
                .orElse(new Scheme.Declared(config.bits(), config.groupSize()));
    }

    /** The tiles that are declared of {@code module}; zero where nothing is. */
    static ScaleGrid grid(String module, SchemeReading reading) {
        return reading.config()
                .flatMap(config -> find(module, config))
                .map(Weights::grid)
                .orElse(ScaleGrid.TENSOR);
    }

    /**
     * compressed-tensors knows names, and behind {@code re:} patterns that are anchored at the start of a name only; ModelOpt
     * knows {@code *}.
     */
    static Optional<Predicate<String>> exclusion(String entry, String key, QuantizationConfig config) {
        return switch (config.method()) {
            case "compressed-tensors" ->
                Optional.of(
                        entry.startsWith("re:")
                                ? config.patterns().compile(entry.substring(3), key)::match
                                : entry::equals);
            case "modelopt" -> Optional.of(Wildcard.of(entry)::matches);
            default -> Optional.empty();
        };
    }

    /** Names that compressed-tensors looks for in {@code module}. */
    static List<String> required(String module, QuantizationConfig config) {
        Optional<Weights> weights = find(module, config);
        if (weights.isEmpty()) {
            return List.of();
        }
        List<String> names = new ArrayList<>(
                switch (weights.get().format()) {
                    case "pack-quantized" -> List.of("weight_packed", "weight_scale", "weight_shape");
                    case "int-quantized", "float-quantized", "naive-quantized", "mxfp8-quantized" ->
                        List.of("weight", "weight_scale");
                    case "nvfp4-pack-quantized" -> List.of("weight_packed", "weight_scale", "weight_global_scale");
                    case "mxfp4-pack-quantized" -> List.of("weight_packed", "weight_scale");
                    default -> List.of();
                });
        if (!names.isEmpty() && !weights.get().symmetric()) {
            names.add("weight_zero_point");
        }
        if (!names.isEmpty() && weights.get().ordered()) {
            names.add("weight_g_idx");
        }
        return List.copyOf(names);
    }

    private static List<String> targets(ModelConfig groups, String name) {
        if (groups.isArray(name)) {
            return groups.strings(name);
        }
        return groups.isObject(name) && groups.object(name).isArray("targets")
                ? groups.object(name).strings("targets")
                : List.of();
    }

    /** Whether {@code target} means {@code module}. */
    static boolean means(String target, String module, QuantizationConfig config) {
        return target.equals(module)
                || (target.startsWith(PATTERN) ? pattern(target, config).match(module) : isOfLinears(target));
    }

    private static Optional<Weights> weights(ModelConfig groups, String name, QuantizationConfig config) {
        if (groups.isArray(name)) {
            return preset(name.toUpperCase(Locale.ROOT), config.text("format"));
        }
        ModelConfig group = groups.object(name);
        if (!group.isObject("weights")) {
            return Optional.empty();
        }
        ModelConfig weights = group.object("weights");
        String strategy = weights.isString("strategy") ? weights.string("strategy") : "";
        OptionalLong groupSize =
                weights.isNumber("group_size") ? weights.optionalInteger("group_size") : OptionalLong.empty();
        ScaleGrid grid = switch (strategy) {
            case "channel" -> ScaleGrid.CHANNEL;
            case "block" -> block(weights);
            default -> new ScaleGrid(groupSize.isPresent() ? 1 : 0, Math.max(0, groupSize.orElse(0)));
        };
        boolean whole = strategy.equals("channel") || strategy.equals("tensor");
        return Optional.of(new Weights(
                group.isString("format") ? group.string("format") : config.text("format"),
                weights.isNumber("num_bits") ? weights.optionalInteger("num_bits") : OptionalLong.empty(),
                whole ? OptionalLong.of(-1) : groupSize,
                grid,
                !weights.isBool("symmetric") || weights.bool("symmetric"),
                weights.isString("actorder") && List.of("group", "dynamic").contains(weights.string("actorder"))));
    }

    /** {@code [128, 128]} or {@code "128x128"}. */
    private static ScaleGrid block(ModelConfig weights) {
        if (weights.isArray("block_structure")
                && weights.integers("block_structure").size() == 2) {
            List<Long> block = weights.integers("block_structure");
            return new ScaleGrid(Math.max(0, block.get(0)), Math.max(0, block.get(1)));
        }
        if (weights.isString("block_structure")) {
            var pair = PAIR.matcher(weights.string("block_structure"));
            if (pair.matches()) {
                return new ScaleGrid(Long.parseLong(pair.group(1)), Long.parseLong(pair.group(2)));
            }
        }
        return ScaleGrid.TENSOR;
    }

    /** As in {@code PRESET_SCHEMES} of compressed-tensors 0.19; nothing for {@code UNQUANTIZED} and unknown names. */
    private static Optional<Weights> preset(String name, String format) {
        Map<String, Weights> floats = Map.of(
                "FP8", preset(format, "float-quantized", 8, -1, ScaleGrid.TENSOR),
                "FP8_DYNAMIC", preset(format, "float-quantized", 8, -1, ScaleGrid.CHANNEL),
                "FP8_BLOCK", preset(format, "float-quantized", 8, 0, new ScaleGrid(128, 128)),
                "NVFP4", preset(format, "nvfp4-pack-quantized", 4, 16, new ScaleGrid(1, 16)),
                "NVFP4A16", preset(format, "nvfp4-pack-quantized", 4, 16, new ScaleGrid(1, 16)),
                "MXFP4", preset(format, "mxfp4-pack-quantized", 4, 32, new ScaleGrid(1, 32)),
                "MXFP4A16", preset(format, "mxfp4-pack-quantized", 4, 32, new ScaleGrid(1, 32)),
                "MXFP8", preset(format, "mxfp8-quantized", 8, 32, new ScaleGrid(1, 32)),
                "MXFP8A16", preset(format, "mxfp8-quantized", 8, 32, new ScaleGrid(1, 32)),
                "INT8", preset(format, "int-quantized", 8, -1, ScaleGrid.CHANNEL));
        if (floats.containsKey(name) || name.equals("W8A8")) {
            return Optional.ofNullable(floats.get(name.equals("W8A8") ? "INT8" : name));
        }
        var integer = INTEGER_PRESET.matcher(name);
        if (!integer.matches()) {
            return Optional.empty();
        }
        long bits = Long.parseLong(integer.group(1));
        // W8A16 and those with quantized activations were per channel in early versions.
        boolean told = integer.group(2).equals("16") && bits < 8;
        return Optional.of(new Weights(
                format.isEmpty() ? "pack-quantized" : format,
                OptionalLong.of(bits),
                told ? OptionalLong.of(128) : OptionalLong.empty(),
                new ScaleGrid(1, 128),
                integer.group(3) == null,
                false));
    }

    private static Weights preset(String general, String own, long bits, long group, ScaleGrid grid) {
        boolean mixed = general.isEmpty() || general.equals("mixed-precision");
        return new Weights(
                mixed ? own : general,
                OptionalLong.of(bits),
                group == 0 ? OptionalLong.empty() : OptionalLong.of(group),
                grid,
                true,
                false);
    }
}
