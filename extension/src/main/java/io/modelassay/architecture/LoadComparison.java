package io.modelassay.architecture;

import io.modelassay.architecture.LoadReport.Mismatch;
import io.modelassay.architecture.LoaderRules.BasePrefix;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** Makes one {@link LoadReport}: finds the parameter of each stored name, then compares. */
final class LoadComparison {
    private final Checkpoint checkpoint;
    private final ModelPlan plan;
    private final LoaderRules rules;
    private final StoredNames names;
    private final List<TensorInfo> unexpected;

    LoadComparison(Checkpoint checkpoint, ModelPlan plan, LoaderRules rules) {
        this.checkpoint = checkpoint;
        this.plan = plan;
        this.rules = rules;
        this.names = StoredNames.of(checkpoint, plan, rules);
        this.unexpected = names.homeless().stream()
                .filter(tensor -> !isComputed(names.name(tensor.name())))
                .toList();
    }

    private boolean isComputed(String name) {
        return rules.computed().stream().anyMatch(name::contains)
                || plan.buffers().contains(name);
    }

    LoadReport report() {
        TreeSet<String> missing = new TreeSet<>();
        List<Mismatch> mismatched = new ArrayList<>();
        for (Parameter parameter : plan.parameters()) {
            Optional<TensorInfo> tensor = names.own(parameter);
            if (tensor.isPresent() && !parameter.shape().equals(tensor.get().shape())) {
                mismatched.add(new Mismatch(
                        parameter.name(), parameter.shape(), tensor.get().shape()));
            } else if (names.tensor(parameter).isEmpty()) {
                missing.add(parameter.name());
            }
        }
        mismatched.sort(Comparator.comparing(Mismatch::name));
        return new LoadReport(
                List.copyOf(missing),
                unexpected.stream().map(TensorInfo::name).toList(),
                mismatched,
                plan.parameters().size(),
                unexpected.stream().filter(this::isUnusedBias).toList(),
                names.moved(),
                refusal(),
                rules);
    }

    private boolean isUnusedBias(TensorInfo tensor) {
        if (!tensor.name().endsWith(".bias")) {
            return false;
        }
        String module = tensor.name().substring(0, tensor.name().length() - "bias".length());
        return names.parameter(module + "weight")
                .filter(weight -> weight.kind() == Parameter.Kind.LINEAR || weight.kind() == Parameter.Kind.HEAD)
                .isPresent();
    }

    private Optional<String> refusal() {
        Optional<String> head = checkpoint.tensors().keySet().stream()
                .filter(name ->
                        plan.has(plan.canonical(name)) && !plan.canonical(name).startsWith(plan.basePrefix() + "."))
                .findFirst();
        return rules.basePrefix() == BasePrefix.ALL_OR_NONE && names.lacksPrefix() && head.isPresent()
                ? Optional.of("takes the file for corrupted: no name starts with \"" + plan.basePrefix()
                        + "\", yet it holds " + head.get())
                : Optional.empty();
    }
}
