package io.modelassay.architecture;

import io.modelassay.architecture.LoadReport.Mismatch;
import io.modelassay.architecture.LoaderRules.BasePrefix;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** Makes one {@link LoadReport}: finds the parameter of each stored name, then compares. */
final class LoadComparison {
    private final Checkpoint checkpoint;
    private final ModelPlan plan;
    private final LoaderRules rules;
    private final String prefix;
    private final boolean prefixAbsent;
    private final NavigableMap<String, TensorInfo> found = new TreeMap<>();
    private final NavigableMap<String, String> renamed = new TreeMap<>();
    private final List<TensorInfo> unexpected = new ArrayList<>();

    LoadComparison(Checkpoint checkpoint, ModelPlan plan, LoaderRules rules) {
        this.checkpoint = checkpoint;
        this.plan = plan;
        this.rules = rules;
        this.prefix = plan.basePrefix() + ".";
        this.prefixAbsent = checkpoint.tensors().keySet().stream()
                .map(plan::canonical)
                .noneMatch(name -> name.startsWith(plan.basePrefix()));
        checkpoint.tensors().values().forEach(this::place);
    }

    private void place(TensorInfo tensor) {
        String canonical = plan.canonical(tensor.name());
        String name = expects(canonical) ? canonical : underBasePrefix(canonical);
        if (!expects(name)) {
            if (!isComputed(name)) {
                unexpected.add(tensor);
            }
            return;
        }
        if (name.equals(canonical)) {
            found.put(name, tensor);
        } else {
            found.putIfAbsent(name, tensor);
            renamed.put(tensor.name(), name);
        }
    }

    private boolean expects(String name) {
        return plan.parameter(name).filter(p -> p.name().equals(name)).isPresent();
    }

    private String underBasePrefix(String name) {
        if (rules.basePrefix() == BasePrefix.ALL_OR_NONE) {
            return prefixAbsent ? prefix + name : name;
        }
        if (name.startsWith(prefix) && expects(name.substring(prefix.length()))) {
            return name.substring(prefix.length());
        }
        return expects(prefix + name) ? prefix + name : name;
    }

    private boolean isComputed(String name) {
        return rules.computed().stream().anyMatch(name::contains)
                || plan.buffers().contains(name);
    }

    LoadReport report() {
        TreeSet<String> missing = new TreeSet<>();
        List<Mismatch> mismatched = new ArrayList<>();
        for (Parameter parameter : plan.parameters()) {
            TensorInfo tensor = found.get(parameter.name());
            if (tensor == null) {
                if (sharers(parameter).stream().noneMatch(found::containsKey)) {
                    missing.add(parameter.name());
                }
            } else if (!parameter.shape().equals(tensor.shape())) {
                mismatched.add(new Mismatch(parameter.name(), parameter.shape(), tensor.shape()));
            }
        }
        mismatched.sort(Comparator.comparing(Mismatch::name));
        return new LoadReport(
                List.copyOf(missing),
                unexpected.stream().map(TensorInfo::name).toList(),
                mismatched,
                plan.parameters().size(),
                unexpected.stream().filter(this::isUnusedBias).toList(),
                renamed,
                refusal(),
                rules);
    }

    /** The names that are one parameter with this one; itself alone where it is tied to none. */
    private List<String> sharers(Parameter parameter) {
        return plan.tied().stream()
                .filter(group -> group.contains(parameter.name()))
                .findFirst()
                .orElse(List.of(parameter.name()));
    }

    private boolean isUnusedBias(TensorInfo tensor) {
        if (!tensor.name().endsWith(".bias")) {
            return false;
        }
        String module = tensor.name().substring(0, tensor.name().length() - "bias".length());
        return plan.parameter(module + "weight")
                .filter(weight -> weight.kind() == Parameter.Kind.LINEAR || weight.kind() == Parameter.Kind.HEAD)
                .isPresent();
    }

    private Optional<String> refusal() {
        Optional<String> head = checkpoint.tensors().keySet().stream()
                .filter(name -> expects(name) && !name.startsWith(prefix))
                .findFirst();
        return rules.basePrefix() == BasePrefix.ALL_OR_NONE && prefixAbsent && head.isPresent()
                ? Optional.of("takes the file for corrupted: no name starts with \"" + plan.basePrefix()
                        + "\", yet it holds " + head.get())
                : Optional.empty();
    }
}
