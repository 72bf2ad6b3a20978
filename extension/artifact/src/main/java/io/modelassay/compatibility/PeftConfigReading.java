package io.modelassay.compatibility;

import io.modelassay.adapter.MlxAdapter;
import io.modelassay.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** How a version of PEFT builds its config object from {@code adapter_config.json}: the keys that it takes, its checks. */
final class PeftConfigReading {
    private static final String UPGRADE = "upgrade PEFT, or remove the key from adapter_config.json";

    private final PeftVersion version;
    private final String type;
    private final List<String> dropped = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final ModelConfig taken;

    /**
     * Reads {@code json} as {@code version} does.
     *
     * @throws Refusal if it raises
     */
    PeftConfigReading(PeftVersion version, ModelConfig json) {
        this.version = version;
        if (!json.keys().contains("peft_type")) {
            boolean mlx = MlxAdapter.is(json);
            throw unknownType(
                    "peft_type",
                    mlx ? MlxAdapter.WHAT : "the config has no peft_type",
                    mlx ? MlxAdapter.CURE : "the adapter_config.json that PEFT saved with the weights");
        }
        this.type = json.isString("peft_type") ? json.string("peft_type") : String.valueOf(json.toJson("peft_type"));
        if (!version.knows(type)) {
            boolean method = PeftVersions.isMethod(type);
            throw unknownType(
                    type,
                    method
                            ? "PEFT " + version.version() + " does not have the method " + type
                            : "no version of PEFT has a method of that name",
                    method ? "a version of PEFT that has the method" : PeftVersions.nearestMethod(type));
        }
        if (!version.hasTensorsOf(type)) {
            throw Refusal.notCovered(
                    "the tensors of " + type + " are not known here", "an adapter of a method that is known here");
        }
        this.taken = takeKnownKeys(json);
        check();
    }

    private static Refusal unknownType(String key, String why, String cure) {
        return new Refusal("unknown-peft-type", "KeyError", "'" + key + "'", why, cure);
    }

    private ModelConfig takeKnownKeys(ModelConfig json) {
        String runtimeOnly = "runtime_config";
        for (String key : json.keysInFileOrder()) {
            if (!version.knowsKey(type, key) && !key.equals(runtimeOnly)) {
                if (version.is("unknown_config_key", "refused")) {
                    throw new Refusal(
                            "unknown-config-key",
                            "TypeError",
                            version.configClass(type) + ".__init__() got an unexpected keyword argument '" + key + "'",
                            "adapter_config.json holds a key that PEFT " + version.version() + " does not know"
                                    + json.optionalString("peft_version")
                                            .map(by -> "; it was saved by PEFT " + by)
                                            .orElse(""),
                            UPGRADE);
                }
                dropped.add(key);
            }
        }
        if (!dropped.isEmpty() && version.is("unknown_config_key", "warned")) {
            warnings.add("UserWarning: Unexpected keyword arguments ['" + String.join("', '", new TreeSet<>(dropped))
                    + "'] for class " + version.configClass(type) + ", these are ignored.");
        }
        return json.without(dropped);
    }

    private void check() {
        checkTask();
        if (version.is("layers_with_pattern", "refused")
                && taken.has("layers_to_transform")
                && taken.isString("target_modules")) {
            throw invalid("`layers_to_transform` cannot be used when `target_modules` is a str.");
        }
        if (type.equals("IA3") && version.is("feedforward_outside_targets", "refused")) {
            Optional<Set<String>> targets = strings("target_modules");
            Optional<Set<String>> inputs = strings("feedforward_modules");
            if (targets.isPresent() && inputs.isPresent() && !targets.get().containsAll(inputs.get())) {
                throw invalid("`feedforward_modules` should be a subset of `target_modules`");
            }
        }
        checkInitialization();
        checkRank();
    }

    private void checkTask() {
        Optional<String> task = taken.isString("task_type") ? taken.optionalString("task_type") : Optional.empty();
        if (version.is("task_type", "checked") && task.isPresent() && !version.knowsTask(task.get())) {
            throw invalid("Invalid task type: '" + task.get() + "'. Must be one of the following task types: "
                    + String.join(", ", version.tasks()) + ".");
        }
    }

    private void checkInitialization() {
        if (!type.equals("LORA")
                || !taken.isString("init_lora_weights")
                || version.rule("initializations").isEmpty()) {
            return;
        }
        String start = taken.string("init_lora_weights");
        if (!knowsInitialization(start)) {
            throw invalid("Unknown initialization init_lora_weights='" + start + "'");
        }
        if (start.equals("eva") && !taken.has("eva_config")) {
            warnings.add(
                    "UserWarning: `init_lora_weights` is 'eva' but `eva_config` is not specified. Using default EVA"
                            + " config.");
        }
    }

    private boolean knowsInitialization(String start) {
        String name = start.startsWith("pissa_niter_") ? "pissa" : start;
        return version.words("initializations").contains(name);
    }

    /** An initialization that takes its part out of the base's weights, which this version does not do. */
    private boolean startsElsewhere() {
        if (!taken.isString("init_lora_weights")) {
            return false;
        }
        String start = taken.string("init_lora_weights");
        return (start.startsWith("pissa") || Set.of("olora", "corda", "loftq").contains(start))
                && !knowsInitialization(start);
    }

    private void checkRank() {
        if (!(type.equals("LORA") || type.equals("LOHA") || type.equals("LOKR"))) {
            return;
        }
        String comparison = version.is("rank", "positive") ? "<=" : ">";
        if (taken.keys().contains("r") && !taken.isNumber("r")) {
            String kind = taken.isString("r") ? "str" : "NoneType";
            throw new Refusal(
                    "invalid-adapter-config",
                    "TypeError",
                    "'" + comparison + "' not supported between instances of '" + kind + "' and 'int'",
                    "r is no number",
                    "a whole number at r");
        }
        if (version.is("rank", "positive") && taken.has("r") && taken.number("r") <= 0) {
            throw invalid("`r` should be a positive integer value but the value passed is " + taken.integer("r"));
        }
        String alpha = type.equals("LORA") ? "lora_alpha" : "alpha";
        if (taken.has(alpha) && !taken.isNumber(alpha)) {
            throw new Refusal(
                    "invalid-adapter-config",
                    "TypeError",
                    "unsupported operand type(s) for /: 'str' and 'int'",
                    alpha + " is no number",
                    "a number at " + alpha);
        }
    }

    private Optional<Set<String>> strings(String key) {
        return taken.isArray(key) ? Optional.of(Set.copyOf(taken.strings(key))) : Optional.empty();
    }

    private static Refusal invalid(String message) {
        return new Refusal(
                "invalid-adapter-config",
                "ValueError",
                message,
                "a check of the config fails",
                "correct the value in adapter_config.json");
    }

    /** The settings that the version goes by. */
    ModelConfig taken() {
        return taken;
    }

    String type() {
        return type;
    }

    List<String> warnings() {
        return List.copyOf(warnings);
    }

    /** Whether nothing is made at all, since the rank is none. */
    boolean makesNothing() {
        return type.equals("LORA") && taken.has("r") && taken.number("r") <= 0;
    }

    /** Why the adapter computes something else than its files say, even if every tensor finds its place. */
    @Nullable
    String difference(ModelConfig json) {
        for (String key : dropped) {
            if (version.words("keys_that_change_the_result").contains(key) && isSet(json, key)) {
                return "PEFT " + version.version() + " drops " + key + ", which the result depends on";
            }
        }
        return startsElsewhere()
                ? "PEFT " + version.version() + " does not know the initialization \""
                        + taken.string("init_lora_weights") + "\", which changes the base's weights"
                : null;
    }

    private static boolean isSet(ModelConfig json, String key) {
        return json.toJson(key)
                .filter(value -> !Set.of("null", "false", "{}", "[]", "\"\"").contains(value))
                .isPresent();
    }
}
