package io.modelassay.inspection;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.quantization.ModuleExclusions;
import io.modelassay.quantization.QuantizationConfig;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Lists of modules that a quantization's config leaves in full precision, against the modules that there are. */
final class ExclusionFindings {
    private static final int HANDFUL = 5;
    private static final Pattern NUMBER = Pattern.compile("[0-9]+");

    /** What Unsloth lists for every model beside bare names. */
    private static final Set<String> GATES = Set.of("mlp.gate", "block_sparse_moe.gate");

    private final StoredQuantization stored;
    private final QuantizationConfig config;
    private final Set<String> fileModules;
    private final List<String> idle = new ArrayList<>();
    private final List<String> beyond = new ArrayList<>();

    /** {@code modules} are those of the file and those of the architecture, each with its ancestors. */
    ExclusionFindings(StoredQuantization stored, Set<String> fileModules, Set<String> modules) {
        this.stored = stored;
        this.config = stored.configs().get(0);
        this.fileModules = fileModules;
        ModuleExclusions exclusions = stored.exclusions();
        Set<String> used = exclusions.entriesFor(modules);
        for (String entry : exclusions.entries()) {
            if (!isGeneric(entry) && !used.contains(entry)) {
                // The same entry for the first layer: where that matches, the entry is for a layer that the model
                // lacks.
                String first = NUMBER.matcher(entry).replaceFirst("0");
                (exclusions.matches(first, modules) ? beyond : idle).add(entry);
            }
        }
    }

    /** Names that quantizers list whether or not the model has such a module. */
    private boolean isGeneric(String entry) {
        boolean bare = entry.chars().noneMatch(c -> c == '.' || Character.isDigit(c));
        return entry.contains("lm_head") || (config.method().equals("bitsandbytes") && (bare || GATES.contains(entry)));
    }

    /** The entries that match no module, and the name that one of them was to be, for a finding on what they miss. */
    Optional<String> idleInWords() {
        return idle.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        idle.size() + " of " + stored.exclusions().entries().size()
                                + (idle.size() == 1 ? " entry" : " entries") + " of the list match no module, such as "
                                + idle.get(0)
                                + nearest(idle.get(0))
                                        .map(near -> ": the module is called " + near)
                                        .orElse(""));
    }

    /** Entries that match nothing, where no finding on an unpacked module has told of them. */
    List<Finding> findings() {
        List<Finding> findings = new ArrayList<>();
        if (!idle.isEmpty() && stored.unpacked().isEmpty()) {
            findings.add(new Finding(
                    "ignore-matches-nothing",
                    Severity.WARNING,
                    idle.get(0),
                    idle.size() + " of " + stored.exclusions().entries().size() + " entries that " + config.source()
                            + " leaves unquantized match no module: " + handful(idle)
                            + "; a loader takes the modules that were meant for quantized",
                    nearest(idle.get(0))
                            .map(near -> "the names that the modules have, such as " + near)
                            .orElse("correct the entries, or take them out")));
        }
        if (!beyond.isEmpty()) {
            findings.add(new Finding(
                    "ignore-matches-nothing",
                    Severity.INFO,
                    beyond.get(0),
                    beyond.size() + " of " + stored.exclusions().entries().size() + " entries that " + config.source()
                            + " leaves unquantized are for layers that the model does not have: " + handful(beyond),
                    "nothing needs doing"));
        }
        return findings;
    }

    /** Modules that one file leaves out and another does not. */
    static List<Finding> disagreements(StoredQuantization stored, Set<String> linear) {
        List<Finding> findings = new ArrayList<>();
        List<QuantizationConfig> configs = stored.configs();
        QuantizationConfig first = configs.get(0);
        ModuleExclusions here = ModuleExclusions.of(first);
        for (QuantizationConfig other : configs.subList(1, configs.size())) {
            ModuleExclusions there = ModuleExclusions.of(other);
            if (!ModuleExclusions.areDeclared(first) || !ModuleExclusions.areDeclared(other)) {
                continue;
            }
            NavigableSet<String> left = new TreeSet<>();
            NavigableSet<String> right = new TreeSet<>();
            for (String module : linear) {
                boolean out = here.excludes(module);
                if (out != there.excludes(module)) {
                    (out ? left : right).add(module);
                }
            }
            if (!left.isEmpty() || !right.isEmpty()) {
                findings.add(new Finding(
                        "quantization-configs-disagree",
                        Severity.WARNING,
                        other.source(),
                        "The lists of modules in full precision differ: "
                                + difference(first.source(), left, other.source())
                                + (left.isEmpty() || right.isEmpty() ? "" : "; ")
                                + difference(other.source(), right, first.source())
                                + "; libraries differ in which of the files they read",
                        "make both say what the tensors are"));
            }
        }
        return findings;
    }

    private static String difference(String by, NavigableSet<String> modules, String notBy) {
        return modules.isEmpty() ? "" : by + " leaves out " + NameGroup.summary(modules) + ", " + notBy + " does not";
    }

    private static String handful(List<String> all) {
        return String.join(", ", all.subList(0, Math.min(HANDFUL, all.size())))
                + (all.size() > HANDFUL ? " and " + (all.size() - HANDFUL) + " more" : "");
    }

    /** The module that {@code entry} names with a part too many at its end, or the shortest whose name ends as it does. */
    private Optional<String> nearest(String entry) {
        int dot = entry.lastIndexOf('.');
        if (dot > 0 && fileModules.contains(entry.substring(0, dot))) {
            return Optional.of(entry.substring(0, dot));
        }
        String tail = entry;
        while (tail.chars().filter(c -> c == '.').count() >= 2) {
            tail = tail.substring(tail.indexOf('.') + 1);
            String end = "." + tail;
            Optional<String> module =
                    fileModules.stream().filter(name -> name.endsWith(end)).findFirst();
            if (module.isPresent()) {
                return module;
            }
        }
        return Optional.empty();
    }
}
