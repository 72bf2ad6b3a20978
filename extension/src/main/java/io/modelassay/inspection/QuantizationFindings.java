package io.modelassay.inspection;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.quantization.ModuleExclusions;
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
    private static final int HANDFUL = 5;

    /** What Unsloth lists for every model beside bare names. */
    private static final Set<String> GATES = Set.of("mlp.gate", "block_sparse_moe.gate");

    private final StoredQuantization stored;
    private final Set<String> fileModules;
    private final Set<String> modules;
    private final List<Finding> findings = new ArrayList<>();

    private QuantizationFindings(Checkpoint checkpoint, Optional<ModelPlan> plan, StoredQuantization stored) {
        this.stored = stored;
        this.fileModules = withAncestors(checkpoint.tensors().keySet().stream()
                .map(QuantizationFindings::parent)
                .toList());
        this.modules = new TreeSet<>(fileModules);
        plan.ifPresent(known -> modules.addAll(withAncestors(known.modules())));
    }

    /** The findings; {@code elsewhere} are parts that are there under another name. */
    static List<Finding> of(
            Checkpoint checkpoint, Optional<ModelPlan> plan, StoredQuantization stored, Set<String> elsewhere) {
        QuantizationFindings words = new QuantizationFindings(checkpoint, plan, stored);
        words.neverInitialized(elsewhere);
        if (!stored.configs().isEmpty()) {
            QuantizationConfig config = stored.configs().get(0);
            words.unpacked(config);
            words.ignoredButQuantized(config);
            words.ignoreMatchesNothing(config);
        }
        return words.findings;
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

    private void unpacked(QuantizationConfig config) {
        NavigableSet<String> unpacked = stored.unpacked();
        if (!unpacked.isEmpty()) {
            boolean onTheFly = config.method().equals("bitsandbytes");
            findings.add(new Finding(
                    "quantized-module-unpacked",
                    onTheFly ? Severity.WARNING : Severity.ERROR,
                    unpacked.first(),
                    unpacked.size() + (unpacked.size() == 1 ? " module is" : " modules are") + " declared quantized in "
                            + config.source() + " and stored in full precision: " + NameGroup.summary(unpacked)
                            + (onTheFly
                                    ? "; transformers 4 fails to load them, transformers 5 fails when it computes"
                                    : "; a loader looks for their packed parts and ignores these weights"),
                    "quantize these modules too, or list them among those that stay in full precision"));
        }
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

    private void ignoreMatchesNothing(QuantizationConfig config) {
        ModuleExclusions exclusions = stored.exclusions();
        Set<String> used = exclusions.entriesFor(modules);
        List<String> idle = exclusions.entries().stream()
                .filter(entry -> !isGeneric(entry, config.method()))
                .filter(entry -> !used.contains(entry))
                .toList();
        if (!idle.isEmpty()) {
            String near = nearest(idle.get(0));
            findings.add(new Finding(
                    "ignore-matches-nothing",
                    Severity.WARNING,
                    idle.get(0),
                    idle.size() + " of " + exclusions.entries().size() + " entries that " + config.source()
                            + " leaves unquantized match no module: "
                            + String.join(", ", idle.subList(0, Math.min(HANDFUL, idle.size())))
                            + (idle.size() > HANDFUL ? " and " + (idle.size() - HANDFUL) + " more" : "")
                            + "; a loader takes the modules that were meant for quantized",
                    near.isEmpty()
                            ? "correct the entries, or take them out"
                            : "the names that the modules have, such as " + near));
        }
    }

    /** Names that quantizers list whether or not the model has such a module. */
    private static boolean isGeneric(String entry, String method) {
        boolean bare = entry.chars().noneMatch(c -> c == '.' || Character.isDigit(c));
        return entry.contains("lm_head") || (method.equals("bitsandbytes") && (bare || GATES.contains(entry)));
    }

    /** The shortest module whose name ends as {@code entry} does. */
    private String nearest(String entry) {
        String tail = entry;
        while (tail.chars().filter(c -> c == '.').count() >= 2) {
            tail = tail.substring(tail.indexOf('.') + 1);
            String end = "." + tail;
            Optional<String> module =
                    fileModules.stream().filter(name -> name.endsWith(end)).findFirst();
            if (module.isPresent()) {
                return module.get();
            }
        }
        return "";
    }
}
