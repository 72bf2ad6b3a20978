package io.modelassay.quantization;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The targets of {@code config_groups} against the quantized modules: who names none, who is named by none or by two. */
final class GroupTargets {
    private static final int SHOWN = 4;

    private final QuantizationConfig config;
    private final Collection<PackedWeight> weights;

    GroupTargets(QuantizationConfig config, Collection<PackedWeight> weights) {
        this.config = config;
        this.weights = weights;
    }

    /**
     * Quantized modules that no group targets; a loader makes float modules of them. Where a target is a class that is not
     * linear, a module counts if it is known to be {@code linear}.
     */
    List<Finding> untargeted(Set<String> modules, Predicate<String> linear) {
        List<String> targets = DeclaredGroups.targets(config);
        boolean ofOtherClasses = targets.stream().anyMatch(target -> !DeclaredGroups.isJudged(target));
        List<String> named = modules.stream()
                .filter(module -> !ofOtherClasses || linear.test(module))
                .filter(module -> DeclaredGroups.candidates(module, config).isEmpty())
                .toList();
        if (!config.method().equals("compressed-tensors") || targets.isEmpty() || named.isEmpty()) {
            return List.of();
        }
        List<String> idle = targets.stream()
                .filter(target -> modules.stream().noneMatch(module -> DeclaredGroups.means(target, module, config)))
                .toList();
        return List.of(new Finding(
                "quantized-module-not-targeted",
                Severity.ERROR,
                named.get(0),
                named.size() + " of " + modules.size() + " quantized modules are named by no target of config_groups,"
                        + " first " + named.get(0)
                        + (idle.isEmpty()
                                ? ""
                                : "; " + idle.size() + " of " + targets.size() + " targets match no module: "
                                        + shown(idle))
                        + "; a loader makes float modules of them and ignores their scales",
                "write the names that the checkpoint's modules have into targets, such as " + named.get(0)));
    }

    /** Modules that two groups target alike, with weights declared in different ways. */
    List<Finding> overlapping() {
        Map<List<String>, List<PackedWeight>> overlaps =
                new TreeMap<>((a, b) -> a.toString().compareTo(b.toString()));
        for (PackedWeight weight : weights) {
            if (isAmbiguous(weight.module(), config)) {
                overlaps.computeIfAbsent(DeclaredGroups.candidates(weight.module(), config), any -> new ArrayList<>())
                        .add(weight);
            }
        }
        List<Finding> findings = new ArrayList<>();
        overlaps.forEach((groups, affected) -> findings.add(new Finding(
                "config-groups-overlap",
                Severity.ERROR,
                config.source(),
                "The groups " + String.join(" and ", groups) + " of config_groups target the same modules and declare"
                        + " them in different ways, "
                        + declared(groups) + ": "
                        + affected.size() + (affected.size() == 1 ? " module, " : " modules, first ")
                        + affected.get(0).module() + ", whose tensors have "
                        + affected.get(0).format().bits() + " bits; loaders differ in the group that they take",
                "leave the group that describes the tensors, or give each group targets of its own")));
        return findings;
    }

    private String declared(List<String> groups) {
        return String.join(
                " and ",
                groups.stream()
                        .map(group -> DeclaredGroups.of(group, config)
                                .map(GroupTargets::inWords)
                                .orElse("nothing"))
                        .toList());
    }

    private static String inWords(DeclaredGroups.Weights weights) {
        String bits = weights.bits().isPresent() ? weights.bits().getAsLong() + " bits" : "no number of bits";
        return bits
                + (weights.groupSize().isPresent()
                        ? " in groups of " + weights.groupSize().getAsLong()
                        : "");
    }

    /** Whether groups of the same rank declare {@code module} in different ways. */
    static boolean isAmbiguous(String module, QuantizationConfig config) {
        return DeclaredGroups.candidates(module, config).stream()
                        .map(group -> DeclaredGroups.of(group, config))
                        .distinct()
                        .count()
                > 1;
    }

    private static String shown(List<String> all) {
        return String.join(
                        ", ",
                        all.subList(0, Math.min(SHOWN, all.size())).stream()
                                .map(SchemeReading::quote)
                                .toList())
                + (all.size() > SHOWN ? " and " + (all.size() - SHOWN) + " more" : "");
    }
}
