package io.modelassay.adapter;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.PythonPattern;
import io.modelassay.checkpoint.PythonPatterns;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apiguardian.api.API;

/**
 * {@code adapter_config.json}. Keys that are absent have PEFT's defaults; keys that are not known here stay in {@link
 * #json}.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class AdapterConfig {
    private static final long DEFAULT_RANK = 8;
    private static final int MOST_LAYERS = 10_000;
    private static final List<String> SIZES = List.of(
            "r",
            "init_r",
            "oft_block_size",
            "boft_block_size",
            "boft_block_num",
            "boft_n_butterfly_factor",
            "qalora_group_size");
    private static final List<String> CLASSIFIERS = List.of("classifier", "score");
    private static final Map<String, List<String>> TASK_HEADS =
            Map.of("SEQ_CLS", CLASSIFIERS, "TOKEN_CLS", CLASSIFIERS, "QUESTION_ANS", List.of("qa_outputs"));

    private final ModelConfig json;
    private final PythonPatterns patterns;
    private final String peftType;

    private final Optional<ModuleSelector> targets;
    private final Optional<ModuleSelector> excluded;
    private final Optional<ModuleSelector> feedForward;
    private final Map<PythonPattern, Long> ranks = new LinkedHashMap<>();
    private final Map<PythonPattern, Double> alphas = new LinkedHashMap<>();
    private final Map<String, Map<String, PythonPattern>> keyPatterns = new TreeMap<>();

    private AdapterConfig(ModelConfig json) {
        this.json = json;
        this.patterns = PythonPatterns.of(
                (what, nextStep) -> new AdapterException(AdapterProblem.INVALID_PATTERN, what, json.file(), nextStep));
        if (MlxAdapter.is(json)) {
            throw new AdapterException(AdapterProblem.FOREIGN_ADAPTER, MlxAdapter.WHAT, json.file(), MlxAdapter.CURE);
        }
        this.peftType = json.optionalString("peft_type")
                .map(type -> type.toUpperCase(Locale.ROOT))
                .orElseThrow(() -> invalid(
                        "The config has no peft_type, so there is no telling which method it is for",
                        "the adapter_config.json that PEFT saved with the weights"));
        this.targets = ModuleSelector.of(json, "target_modules", patterns);
        this.excluded = ModuleSelector.of(json, "exclude_modules", patterns);
        this.feedForward = ModuleSelector.of(json, "feedforward_modules", patterns);
        if (json.has("r") && json.integer("r") < (peftType.equals("OFT") ? 0 : 1)) {
            throw invalid("r is " + json.integer("r") + ", and a rank is at least 1", "correct r in the config");
        }
        SIZES.stream().filter(json::has).forEach(key -> checkSize(json, key));
        json.optionalObject("rank_pattern").filter(pattern -> !isAdaLora()).ifPresent(pattern -> {
            for (String key : pattern.keysInFileOrder()) {
                checkSize(pattern, key);
                ranks.put(keyPattern("rank_pattern", key), pattern.integer(key));
            }
        });
        json.optionalObject("alpha_pattern").ifPresent(pattern -> {
            for (String key : pattern.keysInFileOrder()) {
                alphas.put(keyPattern("alpha_pattern", key), pattern.number(key));
            }
        });
    }

    /**
     * Reads a config.
     *
     * @throws AdapterException if it can't mean anything
     * @throws io.modelassay.checkpoint.CheckpointException if it is no JSON object, or a value is of a wrong kind
     */
    public static AdapterConfig of(ModelConfig json) {
        return new AdapterConfig(json);
    }

    /** Shapes are made of it, whose elements have to be countable. */
    private static void checkSize(ModelConfig object, String key) {
        long size = object.integer(key);
        if (size < 0 || size > Integer.MAX_VALUE) {
            throw object.outOfRange(key, "a size from 0 to " + Integer.MAX_VALUE);
        }
    }

    private PythonPattern keyPattern(String pattern, String key) {
        PythonPattern matcher = patterns.compile("(.*\\.)?(" + key + ")", pattern);
        keyPatterns.computeIfAbsent(pattern, any -> new LinkedHashMap<>()).put(key, matcher);
        return matcher;
    }

    private AdapterException invalid(String what, String nextStep) {
        return new AdapterException(AdapterProblem.INVALID_ADAPTER_CONFIG, what, json.file(), nextStep);
    }

    private boolean isAdaLora() {
        return peftType.equals("ADALORA");
    }

    /** Those of this config. */
    PythonPatterns patterns() {
        return patterns;
    }

    /** All keys, known or not. */
    public ModelConfig json() {
        return json;
    }

    /** {@code peft_type} in upper case, such as {@code LORA}. */
    public String peftType() {
        return peftType;
    }

    /** {@code r}, the rank of modules that no pattern gives another; 8 if absent. */
    public long rank() {
        return json.integer("r", DEFAULT_RANK);
    }

    /** The rank of {@code module}: the first key of {@code rank_pattern} that matches, else {@link #rank}. */
    public long rank(String module) {
        if (isAdaLora()) {
            return adaptiveRank(module);
        }
        return first(ranks, module).orElse(rank());
    }

    /** The ranks that pruning left, a list of booleans for each module; what training started with where there is none. */
    private long adaptiveRank(String module) {
        Optional<ModelConfig> pattern = json.optionalObject("rank_pattern");
        for (String key : List.of(module + ".lora_E", module)) {
            if (pattern.isPresent() && pattern.get().has(key)) {
                return pattern.get().booleans(key).stream().filter(kept -> kept).count();
            }
        }
        return json.integer("init_r", 12);
    }

    /** {@code lora_alpha}, for other methods {@code alpha}; 8 if absent. */
    public double alpha() {
        return json.number("lora_alpha", json.number("alpha", 8));
    }

    /** The alpha of {@code module}: the first key of {@code alpha_pattern} that matches, else {@link #alpha}. */
    public double alpha(String module) {
        return first(alphas, module).orElse(alpha());
    }

    /** The alpha of {@code module} where one key, of either pattern, stands for both, as before PEFT 0.14. */
    public double jointAlpha(String module) {
        for (PythonPattern key : ranks.keySet()) {
            if (key.fullMatch(module)) {
                return alphas.entrySet().stream()
                        .filter(entry -> entry.getKey().source().equals(key.source()))
                        .map(Map.Entry::getValue)
                        .findFirst()
                        .orElse(alpha());
            }
        }
        return alpha(module);
    }

    private static <T> Optional<T> first(Map<PythonPattern, T> patterns, String module) {
        for (Map.Entry<PythonPattern, T> entry : patterns.entrySet()) {
            if (entry.getKey().fullMatch(module)) {
                return Optional.of(entry.getValue());
            }
        }
        return Optional.empty();
    }

    /** {@code target_modules}; empty if absent, so that PEFT takes its default for the model type. */
    public Optional<ModuleSelector> targetModules() {
        return targets;
    }

    /** {@code exclude_modules}. */
    public Optional<ModuleSelector> excludeModules() {
        return excluded;
    }

    /** {@code feedforward_modules} of IA3, whose vectors scale the input. */
    public Optional<ModuleSelector> feedForwardModules() {
        return feedForward;
    }

    /** Modules stored whole: {@code modules_to_save} and the heads that the task trains. */
    public List<String> modulesToSave() {
        Set<String> modules = new LinkedHashSet<>(stringOrStrings("modules_to_save"));
        modules.addAll(taskHeads());
        return List.copyOf(modules);
    }

    /** {@code task_type}, such as {@code SEQ_CLS}; empty if absent. */
    public String taskType() {
        return json.isString("task_type") ? json.string("task_type") : "";
    }

    /** What PEFT calls the heads that the task trains and stores; none for a language model. */
    List<String> taskHeads() {
        return TASK_HEADS.getOrDefault(taskType(), List.of());
    }

    /** The class that the adapter was trained on, which PEFT writes where there is no {@code task_type}. */
    Optional<String> baseClass() {
        return json.isObject("auto_mapping")
                ? json.object("auto_mapping").optionalString("base_model_class")
                : Optional.empty();
    }

    /** {@code ensure_weight_tying}: where head and embedding are one, an adapter of either is one of both. */
    public boolean ensuresWeightTying() {
        return json.bool("ensure_weight_tying", false);
    }

    /** Keys of {@code rank_pattern} and {@code alpha_pattern} that match none of {@code names}, by pattern. */
    public Map<String, List<String>> unmatchedPatterns(Collection<String> names) {
        Map<String, List<String>> unmatched = new TreeMap<>();
        keyPatterns.forEach((pattern, keys) -> keys.forEach((key, matcher) -> {
            if (names.stream().noneMatch(matcher::fullMatch)) {
                unmatched.computeIfAbsent(pattern, any -> new ArrayList<>()).add(key);
            }
        }));
        unmatched.values().forEach(Collections::sort);
        return unmatched;
    }

    /** {@code target_parameters}: parameters adapted without their module being linear, such as stacked experts. */
    public List<String> targetParameters() {
        return stringOrStrings("target_parameters");
    }

    /** {@code layers_to_transform}; empty for all layers. */
    public List<Long> layersToTransform() {
        if (!json.has("layers_to_transform")) {
            return List.of();
        }
        return json.isArray("layers_to_transform")
                ? json.integers("layers_to_transform")
                : List.of(json.integer("layers_to_transform"));
    }

    /** {@code layers_pattern}: what the names have before the layer's number; empty for anything. */
    public List<String> layersPattern() {
        List<String> patterns = new ArrayList<>(stringOrStrings("layers_pattern"));
        patterns.removeIf(String::isEmpty);
        return List.copyOf(patterns);
    }

    /** {@code layer_replication}: the base's layers that the adapted model has, in order; empty for each of them once. */
    public List<Integer> replicatedLayers() {
        List<Integer> layers = new ArrayList<>();
        if (!json.has("layer_replication")) {
            return layers;
        }
        for (List<Long> range : json.integerLists("layer_replication")) {
            if (range.size() != 2 || range.get(0) < 0 || range.get(1) > MOST_LAYERS) {
                throw invalid(
                        "layer_replication has the range " + range + ", not [FIRST, END] of at most " + MOST_LAYERS
                                + " layers",
                        "the layer_replication that the adapter was trained with, such as [[0, 16], [8, 24]]");
            }
            for (long layer = range.get(0); layer < range.get(1) && layers.size() < MOST_LAYERS; layer++) {
                layers.add((int) layer);
            }
        }
        return layers;
    }

    private List<String> stringOrStrings(String key) {
        if (!json.has(key)) {
            return List.of();
        }
        return json.isString(key) ? List.of(json.string(key)) : json.strings(key);
    }

    /**
     * {@code trainable_token_indices}: how many rows of which module. The key is empty where the config has one list,
     * which is for the input embedding.
     */
    public Map<String, Integer> trainableTokens() {
        if (json.isArray("trainable_token_indices")) {
            return Map.of("", json.integers("trainable_token_indices").size());
        }
        Map<String, Integer> tokens = new LinkedHashMap<>();
        json.optionalObject("trainable_token_indices")
                .ifPresent(object -> object.keysInFileOrder()
                        .forEach(key -> tokens.put(key, object.integers(key).size())));
        return tokens;
    }

    /**
     * The tokens of {@code module} that have rows of their own: {@code token_indices} of the method of that name, or {@code
     * trainable_token_indices}, whose keys are ends of module names.
     */
    List<Long> tokens(String module) {
        for (String key : List.of("token_indices", "trainable_token_indices")) {
            if (json.isArray(key)) {
                return json.integers(key);
            }
        }
        return json.optionalObject("trainable_token_indices").stream()
                .flatMap(object -> object.keysInFileOrder().stream()
                        .filter(name -> module.equals(name) || ModuleSelector.endsWith(module, name))
                        .map(object::integers))
                .findFirst()
                .orElse(List.of());
    }

    /** Every token that has a row of its own in some module; sorted. */
    public List<Long> tokens() {
        SortedSet<Long> all = new TreeSet<>();
        for (String key : List.of("token_indices", "trainable_token_indices")) {
            if (json.isArray(key)) {
                all.addAll(json.integers(key));
            }
        }
        json.optionalObject("trainable_token_indices")
                .filter(any -> json.isObject("trainable_token_indices"))
                .ifPresent(object -> object.keysInFileOrder().forEach(key -> all.addAll(object.integers(key))));
        return List.copyOf(all);
    }

    /** {@code use_rslora}: the strength is alpha / sqrt(r) rather than alpha / r. */
    public boolean usesRankStabilization() {
        return json.bool("use_rslora", false);
    }

    /** {@code use_dora}: there is a magnitude for each output. */
    public boolean usesDora() {
        return json.bool("use_dora", false);
    }

    /** {@code lora_bias}: the second half has a bias. */
    public boolean hasLoraBias() {
        return json.bool("lora_bias", false);
    }

    /** {@code bias}: which biases of the base are stored with the adapter, {@code none}, {@code all} or {@code lora_only}. */
    public String bias() {
        return json.optionalString("bias").orElse("none");
    }

    /** {@code fan_in_fan_out}: the base stores weights as {@code [in, out]}. */
    public boolean isFanInFanOut() {
        return json.bool("fan_in_fan_out", false);
    }

    /** {@code base_model_name_or_path}. */
    public Optional<String> baseModel() {
        return json.optionalString("base_model_name_or_path");
    }

    /** {@code peft_version}, which versions before 0.18 do not write. */
    public Optional<String> peftVersion() {
        return json.optionalString("peft_version");
    }

    /** {@code init_lora_weights} where it names a method, such as {@code pissa}. */
    Optional<String> initialization() {
        return json.isString("init_lora_weights") ? json.optionalString("init_lora_weights") : Optional.empty();
    }

    /** {@code oft_block_size} and the like. */
    OptionalLong integer(String key) {
        return json.optionalInteger(key);
    }
}
