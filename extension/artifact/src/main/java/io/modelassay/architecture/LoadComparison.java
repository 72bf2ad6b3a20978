package io.modelassay.architecture;

import io.modelassay.architecture.LoadReport.Mismatch;
import io.modelassay.architecture.LoaderRules.BasePrefix;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
                .filter(tensor -> !mayBeOfTheHead(tensor.name()))
                .toList();
    }

    /** Whether a tensor lies beside the base model in a class whose head is not known. */
    private boolean mayBeOfTheHead(String stored) {
        return plan.modelClass().head() == ModelHead.UNKNOWN
                && !names.name(stored).startsWith(plan.basePrefix() + ".");
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
        stacks(missing, mismatched);
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

    /** A file with stacks of experts is compared by stacks: those that are stored, and those that are not. */
    private void stacks(Set<String> missing, List<Mismatch> mismatched) {
        if (names.stacks().isEmpty()) {
            return;
        }
        plan.stacks().forEach((name, stack) -> {
            TensorInfo tensor = names.stacks().get(name);
            if (tensor == null && missing.containsAll(stack.parameters())) {
                missing.add(name);
            } else if (tensor != null && !tensor.shape().equals(stack.shape())) {
                mismatched.add(new Mismatch(name, stack.shape(), tensor.shape()));
            }
            stack.parameters().forEach(missing::remove);
        });
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
