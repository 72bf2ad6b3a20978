package io.modelassay.quantization;

import io.modelassay.checkpoint.PythonPatterns;
import io.modelassay.failure.InvalidRequestException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.apiguardian.api.API;

/**
 * A rule of GPTQModel's {@code dynamic}: modules that are left out, or that have settings of their own.
 *
 * @param key as a config has it, such as {@code +:.*\.down_proj$} or {@code -:.*\.o_proj$}
 * @param overrides the settings, by GPTQModel's names; integers, booleans or floating point
 */
@API(status = API.Status.EXPERIMENTAL)
public record DynamicRule(String key, Map<String, Object> overrides) {
    private static final String BITS = "bits";
    private static final String GROUP_SIZE = "group_size";
    private static final String SYMMETRIC = "sym";

    /** Those of every method; which of them a method has is told when the rule is applied. */
    private static Map<String, Function<String, Object>> settings() {
        Map<String, Function<String, Object>> settings = new LinkedHashMap<>();
        settings.put(BITS, Integer::valueOf);
        settings.put(GROUP_SIZE, Integer::valueOf);
        settings.put(SYMMETRIC, DynamicRule::truth);
        QuantizationMethods.all().forEach(method -> settings.putAll(method.ruleSettings()));
        return settings;
    }

    /** Keeps the order of the settings. */
    public DynamicRule {
        overrides = Collections.unmodifiableMap(new LinkedHashMap<>(overrides));
    }

    /**
     * Reads {@code +:.*\.down_proj$=bits:8,group_size:64}, or {@code -:.*\.o_proj$}, which has no settings.
     *
     * @throws IllegalArgumentException if the regular expression or a setting cannot be read
     */
    static DynamicRule parse(String text) {
        boolean leavesOut = text.startsWith("-:");
        int equals = leavesOut ? -1 : text.lastIndexOf('=');
        if (equals < 0 && !leavesOut) {
            throw wrong(text, "gives no setting", "+:.*\\.down_proj$=bits:8,group_size:64, or -: to leave modules out");
        }
        Map<String, Object> overrides = new LinkedHashMap<>();
        if (!leavesOut) {
            for (String setting : text.substring(equals + 1).split(",", -1)) {
                read(text, setting, overrides);
            }
        }
        DynamicRule rule = new DynamicRule(leavesOut ? text : text.substring(0, equals), overrides);
        rule.compiled();
        return rule;
    }

    private static void read(String text, String setting, Map<String, Object> overrides) {
        int colon = setting.indexOf(':');
        String name = colon < 0 ? setting : setting.substring(0, colon);
        String value = setting.substring(colon + 1);
        Map<String, Function<String, Object>> settings = settings();
        Function<String, Object> reader = settings.get(name.strip());
        if (reader == null) {
            throw wrong(text, "has no setting " + name, String.join(", ", settings.keySet()));
        }
        try {
            if (overrides.put(name.strip(), reader.apply(value.strip())) != null) {
                throw wrong(text, "gives " + name + " twice", "one of the two");
            }
        } catch (NumberFormatException e) {
            throw wrong(text, "cannot have " + name + ":" + value, name + ":VALUE, as GPTQModel has it");
        }
    }

    /** Reads {@code true} or {@code false}. */
    static Object truth(String value) {
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new NumberFormatException(value);
        };
    }

    private static IllegalArgumentException wrong(String text, String why, String next) {
        return new InvalidRequestException("The rule \"" + text + "\" " + why, next);
    }

    /** Whether its modules are left out. */
    public boolean leavesOut() {
        return key.startsWith("-:");
    }

    /** Whether the name of {@code module} begins with what the key describes. */
    public boolean matches(String module) {
        return compiled().matches(module);
    }

    private DynamicKey compiled() {
        return DynamicKey.of(
                key, PythonPatterns.of((what, nextStep) -> wrong(toString(), "cannot be read: " + what, nextStep)));
    }

    /** The same for {@code module} alone. */
    DynamicRule only(String module) {
        return new DynamicRule((leavesOut() ? "-:^" : "+:^") + module.replace(".", "\\.") + "$", overrides);
    }

    /** {@code rules} in the order in which they are asked: first those that leave modules out. */
    static List<DynamicRule> inOrder(List<DynamicRule> rules) {
        List<DynamicRule> ordered =
                new ArrayList<>(rules.stream().filter(DynamicRule::leavesOut).toList());
        rules.stream().filter(rule -> !rule.leavesOut()).forEach(ordered::add);
        return ordered;
    }

    /** The first of {@code rules} that matches {@code module}. */
    static Optional<DynamicRule> first(List<DynamicRule> rules, String module) {
        return rules.stream().filter(rule -> rule.matches(module)).findFirst();
    }

    /**
     * {@code base} with the settings of this rule.
     *
     * @throws IllegalArgumentException if its method does not have them, or not these values
     */
    Quantization applied(Quantization base) {
        try {
            Quantization changed = base.grid(or(BITS, base.bits()), or(GROUP_SIZE, base.groupSize()));
            boolean symmetric = or(SYMMETRIC, base.symmetric());
            changed = symmetric ? changed.centred() : changed.asymmetric();
            requireKnown(base.method());
            return changed.with(base.method().ruled(base.settings(), overrides));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("The rule \"" + this + "\" cannot be applied: " + e.getMessage(), e);
        }
    }

    private void requireKnown(QuantizationMethod method) {
        for (String name : overrides.keySet()) {
            if (!Set.of(BITS, GROUP_SIZE, SYMMETRIC).contains(name)
                    && !method.ruleSettings().containsKey(name)) {
                throw new IllegalArgumentException(method.title() + " has no " + name);
            }
        }
    }

    @SuppressWarnings("unchecked")
    private <T> T or(String name, T base) {
        return (T) Objects.requireNonNull(overrides.getOrDefault(name, base));
    }

    @Override
    public String toString() {
        if (leavesOut()) {
            return key;
        }
        List<String> settings = new ArrayList<>();
        overrides.forEach((name, value) -> settings.add(name + ":" + value));
        return key + "=" + String.join(",", settings);
    }
}
