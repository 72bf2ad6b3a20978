package io.modelassay.compatibility;

import io.modelassay.adapter.AdaptedBase;
import io.modelassay.adapter.AdapterConfig;
import io.modelassay.adapter.AdapterException;
import io.modelassay.adapter.AdapterLayout;
import io.modelassay.adapter.AdapterLayout.Slot;
import io.modelassay.adapter.AdapterProblem;
import io.modelassay.adapter.BaseModule;
import io.modelassay.adapter.BaseModules;
import io.modelassay.adapter.ExpertLayout;
import io.modelassay.adapter.LayoutRules;
import io.modelassay.adapter.ModuleSelector;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Which modules a version of PEFT adapts under a config, and the tensors that it makes there. */
final class PeftTargets {
    private static final Map<String, String> CLASSES = Map.of(
            "CAUSAL_LM", "PeftModelForCausalLM",
            "SEQ_2_SEQ_LM", "PeftModelForSeq2SeqLM",
            "SEQ_CLS", "PeftModelForSequenceClassification",
            "TOKEN_CLS", "PeftModelForTokenClassification",
            "QUESTION_ANS", "PeftModelForQuestionAnswering",
            "FEATURE_EXTRACTION", "PeftModelForFeatureExtraction");

    /** Since when transformers' conversions of weights have another form. */
    private static final LibraryVersion DISTRIBUTED = LibraryVersion.of("5.18.0");

    private static final Predicate<String> EXPERT =
            Pattern.compile("\\.experts\\.\\d+\\.").asPredicate();

    private final PeftVersion version;
    private final String type;
    private final AdapterConfig config;
    private final BaseModules base;
    private final AdapterLayout layout;
    private final List<String> warnings = new ArrayList<>();

    /**
     * Finds the modules.
     *
     * @throws Refusal if the version raises, since there are none or the config makes no sense to it
     */
    PeftTargets(
            PeftVersion version,
            LibraryVersion transformers,
            PeftConfigReading reading,
            AdaptedBase adapted,
            Optional<String> modelType,
            Map<String, Shape> tensors) {
        this.version = version;
        this.type = reading.type();
        ModelConfig taken = withTargets(reading.taken(), modelType);
        LayoutRules rules = version.layoutRules(transformers);
        try {
            this.config = AdapterConfig.of(reading.makesNothing() ? taken.without(List.of("r")) : taken);
            this.base = adapted.of(config, tensors, rules.experts());
            this.layout = AdapterLayout.of(config, base, rules);
        } catch (AdapterException e) {
            throw e.problem() == AdapterProblem.INVALID_PATTERN
                    ? new Refusal(
                            "invalid-pattern",
                            "error",
                            "a pattern of the config is no regular expression",
                            e.details().sentence(),
                            "correct the pattern; PEFT matches it with re.fullmatch")
                    : new Refusal(
                            "invalid-adapter-config",
                            "ValueError",
                            "the config makes no sense",
                            e.details().sentence(),
                            "correct adapter_config.json");
        }
        checkStacks(transformers, tensors);
        if (layout.slots().isEmpty()) {
            throw nothingTargeted(taken);
        }
        check();
        warn(rules);
    }

    /** What PEFT makes of an adapter of a mixture whose experts transformers 5 stacks. */
    private void checkStacks(LibraryVersion transformers, Map<String, Shape> tensors) {
        boolean stacked = ExpertLayout.ofTransformers(transformers.major()).stacks(base);
        if (!stacked || !type.equals("LORA")) {
            return;
        }
        if (!version.is("stacked_experts", "as they are")) {
            checkPairs(ExpertLayout.STACKED.fused(base));
        }
        if (version.is("stacked_experts", "refused") && transformers.isAtLeast(DISTRIBUTED)) {
            throw new Refusal(
                    "stacked-experts",
                    "TypeError",
                    "WeightConverter.__init__() got an unexpected keyword argument 'distributed_operation'",
                    "PEFT " + version.version() + " does not know how transformers " + transformers + " stacks experts",
                    "PEFT 0.20 or later");
        }
        if (version.is("stacked_experts", "converted")
                && tensors.keySet().stream().anyMatch(EXPERT)) {
            throw Refusal.notCovered(
                    "the adapter has tensors for single experts, which PEFT converts to stacks beside transformers 5, and"
                            + " what comes of that is not known here",
                    "transformers 4, which holds each expert apart");
        }
    }

    /** Of two matrices that become one, both have to be adapted. */
    private void checkPairs(List<String> pair) {
        List<String> targets = config.targetModules().map(ModuleSelector::names).orElse(List.of());
        List<String> present = pair.stream()
                .filter(name -> targets.stream().anyMatch(target -> target.equals(name) || target.endsWith("." + name)))
                .toList();
        if (present.size() == 1) {
            String other = pair.get(1 - pair.indexOf(present.get(0)));
            throw new Refusal(
                    "stacked-experts",
                    "ValueError",
                    "Cannot convert PEFT target(s) " + present.get(0) + " without also targeting " + other
                            + " because they are fused into gate_up_proj.",
                    "transformers 5 holds " + String.join(" and ", pair)
                            + " of all experts in one parameter, and the adapter" + " is for one of them",
                    "transformers 4, which holds each expert apart");
        }
    }

    /** What PEFT says of entries that name nothing, and of ends of the model that are one. */
    private void warn(LayoutRules rules) {
        warnings.addAll(new TiedEnds(version, config, base, layout, rules.tiesAlways()).warnings());
        if (version.is("unknown_layer", "warned")
                && layout.targetedParameters().stream()
                        .anyMatch(name -> !name.endsWith(".weight") || rules.experts() == ExpertLayout.STACKED)) {
            warnings.add("UserWarning: Unsupported layer type '<class that holds "
                    + layout.targetedParameters().iterator().next() + ">' encountered, proceed at your own risk.");
        }
        if (namesNoParameter()) {
            warnings.add("RuntimeWarning: target_parameters=" + listed(config.targetParameters())
                    + " were set but no parameter was matched.");
        }
        if (version.is("unmatched_patterns", "warned")) {
            List<String> names =
                    layout.targeted().stream().map(BaseModule::name).toList();
            config.unmatchedPatterns(names)
                    .forEach((pattern, keys) -> warnings.add("RuntimeWarning: The following " + pattern
                            + " keys did not match any targeted module and were ignored: " + listed(keys) + "."));
        }
    }

    /** The Python class of the adapted model. */
    String modelClass() {
        return CLASSES.getOrDefault(config.taskType(), "PeftModel");
    }

    /** Whether there are {@code target_parameters}, and the base has none of them. */
    boolean namesNoParameter() {
        return !config.targetParameters().isEmpty()
                && layout.targetedParameters().isEmpty();
    }

    private static String listed(List<String> names) {
        return names.stream()
                .map(name -> "'" + name.replace("\\", "\\\\") + "'")
                .collect(Collectors.joining(", ", "[", "]"));
    }

    private ModelConfig withTargets(ModelConfig taken, Optional<String> known) {
        if (taken.isString("target_modules")
                && taken.string("target_modules").toLowerCase(Locale.ROOT).equals("all-linear")
                && version.is("all_linear", "pattern")) {
            throw notFound(taken.string("target_modules"), "\"all-linear\" is a regular expression to this version");
        }
        if (taken.has("target_modules") || taken.has("target_parameters") || type.equals("TRAINABLE_TOKENS")) {
            return taken;
        }
        String modelType = known.orElse("");
        return version.defaultTargets(type, modelType)
                .map(targets -> taken.with("target_modules", targets))
                .orElseThrow(() -> new Refusal(
                        "no-default-targets",
                        "ValueError",
                        "Please specify `target_modules` in `peft_config`",
                        "target_modules is absent, and PEFT " + version.version() + " has no default for " + type
                                + " in a model of type \"" + modelType + "\"",
                        "name the modules in target_modules"));
    }

    private Refusal nothingTargeted(ModelConfig taken) {
        String targets = written(taken);
        if (taken.has("exclude_modules")) {
            return new Refusal(
                    "no-module-targeted",
                    version.rule("no_match"),
                    "No modules were targeted for adaptation. This might be caused by a combination of mismatched target"
                            + " modules and excluded modules. Please check your `target_modules` and `exclude_modules`"
                            + " configuration.",
                    "exclude_modules takes out what target_modules names",
                    "correct target_modules or exclude_modules");
        }
        boolean none = !taken.isString("target_modules") && targetList(taken).isEmpty();
        if (none && version.is("no_targets", "target parameters")) {
            return new Refusal(
                    "no-module-targeted",
                    version.rule("no_match"),
                    "No `target_modules` passed but also no `target_parameters` found. Please check the values for these"
                            + " arguments.",
                    "target_parameters names no parameter of the base",
                    "correct target_modules or target_parameters");
        }
        return notFound(targets, "target_modules names no module of the base");
    }

    private static List<String> targetList(ModelConfig taken) {
        return taken.isArray("target_modules") ? taken.strings("target_modules") : List.of();
    }

    /** As Python prints it: text, from 0.6 on a set, before a list. */
    private String written(ModelConfig taken) {
        if (taken.isString("target_modules")) {
            return taken.string("target_modules");
        }
        String names = targetList(taken).stream().map(name -> "'" + name + "'").collect(Collectors.joining(", "));
        if (version.is("targets_as", "list")) {
            return "[" + names + "]";
        }
        return names.isEmpty() ? "set()" : "{" + names + "}";
    }

    private Refusal notFound(String targets, String why) {
        return new Refusal(
                "no-module-targeted",
                version.rule("no_match"),
                "Target modules " + targets
                        + " not found in the base model. Please check the target modules and try again.",
                why,
                "the base that the adapter was trained on, or target_modules that name its modules");
    }

    private void check() {
        String bias = config.json().isString("bias") ? config.json().string("bias") : "none";
        boolean hasOwn = type.equals("LORA") || type.equals("ADALORA");
        if (hasOwn && !Set.of("none", "all", "lora_only").contains(bias)) {
            throw new Refusal(
                    "invalid-adapter-config",
                    "NotImplementedError",
                    version.is("bias_message", "absent") ? "" : "Requested bias: " + bias + ", is not implemented.",
                    "bias is neither none nor all nor lora_only",
                    "correct bias in adapter_config.json");
        }
        if (type.equals("VERA") && version.is("vera_modules", "one shape")) {
            List<Shape> shapes = layout.targeted().stream()
                    .map(BaseModule::weight)
                    .distinct()
                    .toList();
            if (shapes.size() > 1) {
                throw new Refusal(
                        "vera-shapes-differ",
                        "ValueError",
                        "Multiple target layers with different dimensions were specified. VeRA only supports a single"
                                + " dimension size. Expected shape " + tuple(shapes.get(0)) + ", got "
                                + tuple(shapes.get(1)) + ".",
                        "the targeted modules have " + shapes.size() + " shapes",
                        "PEFT 0.12 or later");
            }
        }
        checkTokens();
    }

    private static String tuple(Shape shape) {
        return shape.toString().replace('[', '(').replace(']', ')');
    }

    private void checkTokens() {
        if (!type.equals("TRAINABLE_TOKENS") || !config.json().isArray("token_indices")) {
            return;
        }
        for (BaseModule module : layout.targeted()) {
            long rows = module.weight().dimension(0);
            for (long token : config.json().integers("token_indices")) {
                if (token >= rows) {
                    throw new Refusal(
                            "token-outside-vocabulary",
                            "IndexError",
                            "index " + token + " is out of bounds for dimension 0 with size " + rows,
                            "token_indices names a token that " + module.name() + " has no row for",
                            "the base that the adapter was trained on");
                }
            }
        }
    }

    AdapterConfig config() {
        return config;
    }

    /** The base as the adapter comes upon it. */
    BaseModules base() {
        return base;
    }

    List<String> warnings() {
        return List.copyOf(warnings);
    }

    List<BaseModule> modules() {
        return layout.targeted();
    }

    /** The places by the key they are saved under, as this version makes them. */
    Map<String, Slot> slots() {
        if (!type.equals("OFT") || version.is("oft_tensors", "triangle")) {
            return layout.slots();
        }
        Map<String, Slot> square = new TreeMap<>();
        layout.slots().forEach((key, slot) -> {
            Shape packed = slot.shapes().get(0);
            // Half of a skew matrix without its diagonal: size * (size - 1) / 2.
            long size = (1 + Math.round(Math.sqrt(1.0 + 8.0 * packed.dimension(1)))) / 2;
            String module = key.substring(0, key.length() - "oft_R.weight".length());
            square.put(module + "oft_r", with(slot, "oft_r", Shape.of(packed.dimension(0), size, size)));
            if (version.is("oft_tensors", "square and scale")) {
                long out = layout.targeted().stream()
                        .filter(target -> target.name().equals(slot.module()))
                        .findFirst()
                        .orElseThrow()
                        .weight()
                        .dimension(0);
                square.put(module + "oft_s", with(slot, "oft_s", Shape.of(out, 1)));
            }
        });
        return square;
    }

    private static Slot with(Slot slot, String suffix, Shape shape) {
        return new Slot(slot.module(), suffix, List.of(shape), slot.rankAxis(), slot.role(), slot.neutral());
    }
}
