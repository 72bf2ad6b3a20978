package io.modelassay.inspection;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.quantization.QuantizationConfig;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a quantized artifact declares of its modules against what it stores of them. */
final class QuantizationFindings {
    private final StoredQuantization stored;
    private final Set<String> fileModules;
    private final Set<String> modules;
    private final boolean planned;
    private final List<Finding> findings = new ArrayList<>();

    private QuantizationFindings(Checkpoint checkpoint, Optional<ModelPlan> plan, StoredQuantization stored) {
        this.stored = stored;
        this.fileModules = withAncestors(checkpoint.tensors().keySet().stream()
                .map(QuantizationFindings::parent)
                .toList());
        this.modules = new TreeSet<>(fileModules);
        this.planned = plan.isPresent();
        plan.ifPresent(known -> modules.addAll(withAncestors(known.modules())));
    }

    /** The findings; {@code elsewhere} are parts that are there under another name. */
    static List<Finding> of(
            Checkpoint checkpoint, Optional<ModelPlan> plan, StoredQuantization stored, Set<String> elsewhere) {
        QuantizationFindings words = new QuantizationFindings(checkpoint, plan, stored);
        words.neverInitialized(elsewhere);
        if (!stored.configs().isEmpty()) {
            QuantizationConfig config = stored.configs().get(0);
            ExclusionFindings exclusions = new ExclusionFindings(stored, words.fileModules, words.modules);
            words.unpacked(config, exclusions);
            words.ignoredButQuantized(config);
            words.findings.addAll(exclusions.findings());
            words.findings.addAll(ExclusionFindings.disagreements(stored, words.linear(checkpoint, plan)));
        }
        return words.findings;
    }

    /** Linear modules: those of the architecture, or those that are called as a quantized one is. */
    private Set<String> linear(Checkpoint checkpoint, Optional<ModelPlan> plan) {
        Set<String> linear = new TreeSet<>(stored.modules());
        if (plan.isPresent()) {
            plan.get().parameters().stream()
                    .filter(parameter -> parameter.kind() == Parameter.Kind.LINEAR)
                    .forEach(parameter -> linear.add(parameter.module()));
            return linear;
        }
        Set<String> names = new TreeSet<>();
        linear.forEach(module -> names.add(last(module)));
        checkpoint.tensors().values().stream()
                .filter(tensor ->
                        tensor.name().endsWith(".weight") && tensor.shape().rank() == 2)
                .map(tensor -> parent(tensor.name()))
                .filter(module -> names.contains(last(module)))
                .forEach(linear::add);
        return linear;
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static String parent(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    private static Set<String> withAncestors(Collection<String> names) {
        Set<String> all = new TreeSet<>();
        for (String name : names) {
            String ancestor = name;
            while (all.add(ancestor) && ancestor.indexOf('.') >= 0) {
                ancestor = parent(ancestor);
            }
        }
        return all;
    }

    /** Parts that a loader has a place for and the file no values: {@code scales}, {@code weight.absmax} and so on. */
    private void neverInitialized(Set<String> elsewhere) {
        Map<String, NavigableSet<String>> lacking = new TreeMap<>();
        for (String name : stored.missing()) {
            String module = owner(name);
            if (!stored.unpacked().contains(module) && !elsewhere.contains(name)) {
                lacking.computeIfAbsent(name.substring(module.length() + 1), part -> new TreeSet<>())
                        .add(module);
            }
        }
        lacking.forEach((part, owners) -> findings.add(new Finding(
                "never-initialized",
                Severity.ERROR,
                owners.first() + "." + part,
                owners.size() + (owners.size() == 1 ? " module" : " modules")
                        + " stored or declared quantized " + (owners.size() == 1 ? "lacks its " : "lack their ") + part
                        + ": " + NameGroup.summary(owners) + "; a loader would compute with whatever its memory holds",
                "quantize these modules again, or list them among those that stay in full precision")));
    }

    /** The module that a part belongs to. */
    private String owner(String part) {
        String module = parent(part);
        while (!modules.contains(module) && module.indexOf('.') >= 0) {
            module = parent(module);
        }
        // bitsandbytes keeps its parts below the weight, which then looks like a module.
        return module.endsWith(".weight") ? parent(module) : modules.contains(module) ? module : parent(part);
    }

    private void unpacked(QuantizationConfig config, ExclusionFindings exclusions) {
        NavigableSet<String> unpacked = stored.unpacked();
        boolean none = stored.modules().isEmpty() && (!unpacked.isEmpty() || (!planned && stored.declaresWeights()));
        if (none && stored.storesNone()) {
            findings.add(new Finding(
                    "nothing-is-quantized",
                    Severity.ERROR,
                    config.source(),
                    config.source() + " declares a quantization by " + config.method()
                            + ", and no tensor is quantized: "
                            + (unpacked.isEmpty() ? "all weights" : unpacked.size() + " modules")
                            + " are stored in full precision, as after merging or converting; " + consequence(config),
                    "remove quantization_config from " + config.source()));
            return;
        }
        if (unpacked.isEmpty()) {
            return;
        }
        findings.add(new Finding(
                "quantized-module-unpacked",
                config.method().equals("bitsandbytes") ? Severity.WARNING : Severity.ERROR,
                unpacked.first(),
                unpacked.size() + (unpacked.size() == 1 ? " module is" : " modules are") + " declared quantized in "
                        + config.source() + " and stored in full precision: " + NameGroup.summary(unpacked) + "; "
                        + exclusions.idleInWords().map(words -> words + "; ").orElse("") + consequence(config),
                config.method().equals("auto-round")
                        ? "list them in extra_config with bits 16, or quantize these modules too"
                        : "quantize these modules too, or list them among those that stay in full precision"));
    }

    private static String consequence(QuantizationConfig config) {
        return config.method().equals("bitsandbytes")
                ? "transformers 4 fails to load them, transformers 5 fails when it computes"
                : "a loader looks for their packed parts and ignores these weights";
    }

    private void ignoredButQuantized(QuantizationConfig config) {
        List<String> quantized =
                stored.modules().stream().filter(stored.exclusions()::excludes).toList();
        if (!quantized.isEmpty()) {
            findings.add(new Finding(
                    "ignored-module-quantized",
                    Severity.ERROR,
                    quantized.get(0),
                    quantized.size() + (quantized.size() == 1 ? " module is" : " modules are")
                            + " stored quantized, though " + config.source()
                            + " lists them among those that are not: " + NameGroup.summary(quantized)
                            + "; a loader would ignore their packed parts and look for a weight",
                    "take them out of that list"));
        }
    }
}
