package io.modelassay.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.failure.ModelAssayException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * What a config says about how the model computes that is wrong or odd. The ids are public; docs/reference.md lists them.
 */
@API(status = API.Status.INTERNAL)
public final class ConfigFindings {
    private static final String CONFIG = "config.json";
    private static final Predicate<String> NEUTRAL_LIST =
            Pattern.compile("\\[(1(,1)*)?]").asMatchPredicate();

    private final ModelConfig config;
    private final List<Finding> findings = new ArrayList<>();

    private ConfigFindings(ModelConfig config) {
        this.config = config;
    }

    /** The findings on {@code config}, whose plan is {@code plan}; none where its family has no forward pass. */
    public static List<Finding> of(ModelConfig config, ModelPlan plan) {
        ConfigFindings words = new ConfigFindings(config);
        plan.refusal().ifPresent(words::refused);
        if (plan.hasForwardPass()) {
            words.rotarySettings();
            FamilyFiles.foreignKeys().properties().forEach(words::foreignKey);
        }
        return words.findings;
    }

    private void refused(ModelAssayException e) {
        String message = e.details().sentence();
        if (e instanceof CheckpointException problem) {
            findings.add(new Finding(problem.id(), Severity.ERROR, CONFIG, message, problem.nextStep()));
        } else {
            boolean refused = e instanceof UnsupportedArchitectureException known && known.isRefusedByTransformers();
            findings.add(new Finding(
                    "unsupported-architecture",
                    refused ? Severity.ERROR : Severity.INFO,
                    CONFIG,
                    message,
                    refused
                            ? "correct the value, or use the config.json that belongs to the checkpoint"
                            : "the structural checks, which need no forward pass"));
        }
    }

    /** Settings of two generations side by side, of which each generation of the library obeys another. */
    private void rotarySettings() {
        Optional<ModelConfig> parameters = config.optionalObject(RotarySettings.PARAMETERS)
                .filter(object -> !object.keys().isEmpty());
        boolean scaled = config.optionalObject(RotarySettings.SCALING)
                .filter(object -> !object.keys().isEmpty())
                .isPresent();
        boolean based = config.has(RotarySettings.THETA);
        if (parameters.isEmpty() || !(scaled || based)) {
            return;
        }
        String inside = shown(parameters.get(), RotarySettings.THETA, "none");
        String beside = shown(config, RotarySettings.THETA, "none");
        if (scaled) {
            boolean same = parameters.get().toJson(RotarySettings.THETA).equals(config.toJson(RotarySettings.THETA))
                    && withoutTheta(parameters.get()).equals(withoutTheta(config.object(RotarySettings.SCALING)));
            if (!same) {
                disagree("rope_scaling stands beside rope_parameters: transformers 5 takes rope_scaling and drops"
                        + " rope_parameters with its rope_theta " + inside + ", transformers 4 knows rope_scaling and"
                        + " rope_theta (" + beside + " here) alone");
            }
        } else if (!inside.equals(beside)) {
            disagree("rope_theta is " + beside + " and rope_parameters.rope_theta is " + inside
                    + ": transformers 4 takes the first, transformers 5 "
                    + (inside.equals("none") ? "too" : "the second"));
        }
    }

    private static Map<String, String> withoutTheta(ModelConfig settings) {
        Map<String, String> values = new TreeMap<>();
        settings.keys().forEach(key -> values.put(key, settings.toJson(key).orElse("")));
        values.remove(RotarySettings.THETA);
        return values;
    }

    private void disagree(String message) {
        findings.add(new Finding(
                "rope-settings-disagree",
                Severity.WARNING,
                CONFIG,
                message,
                "keep one of the two: rope_parameters for transformers 5, rope_theta and rope_scaling for both"));
    }

    /** The number as it is computed with, so that 10000 and 10000.0 are one. */
    private static String shown(ModelConfig settings, String key, String absent) {
        return settings.isNumber(key)
                ? String.valueOf(settings.number(key))
                : settings.toJson(key).orElse(absent);
    }

    private void foreignKey(Map.Entry<String, JsonNode> entry) {
        String key = entry.getKey();
        if (!config.has(key) || isNeutral(key, entry.getValue().path("neutral"))) {
            return;
        }
        findings.add(new Finding(
                "foreign-key",
                Severity.WARNING,
                CONFIG,
                config.shown(key) + ": " + entry.getValue().path("families").asText() + " reads it, where it "
                        + entry.getValue().path("does").asText() + "; "
                        + config.modelType().orElse("this family") + " has no such setting, and libraries ignore it",
                "check that model_type is right; remove the key if it is left over"));
    }

    /** Whether the value, or each of a list, is one that changes nothing in the families that read it. */
    private boolean isNeutral(String key, JsonNode neutral) {
        if (config.isArray(key)) {
            return config.toJson(key).filter(NEUTRAL_LIST).isPresent();
        }
        for (JsonNode value : neutral) {
            boolean same = value.isNumber()
                    ? config.isNumber(key) && config.number(key) == value.doubleValue()
                    : value.toString().equals(config.toJson(key).orElse(""));
            if (same) {
                return true;
            }
        }
        return false;
    }
}
