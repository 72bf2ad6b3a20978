package io.modelassay.architecture;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * Expected against stored tensors, from headers alone: what a loader would warn of.
 *
 * @param missing names that the architecture has and the checkpoint has not, sorted
 * @param unexpected names as they are stored that the architecture has not, sorted
 * @param mismatched names whose shapes differ, sorted by name
 * @param checked number of tensors that the loader looks for: the parameters of the architecture, where a quantized module
 *     has several parts in the place of its weight
 * @param unusedBiases those of {@code unexpected} that are biases of linear modules to which the architecture gives none,
 *     sorted by name; harmless only where all values are 0
 * @param renamed stored names that the loader takes for another, because of the base model's prefix, by stored name
 * @param refusal why the loader refuses the names without comparing them, if it does
 * @param rules the loader's rules
 */
@API(status = API.Status.EXPERIMENTAL)
public record LoadReport(
        List<String> missing,
        List<String> unexpected,
        List<Mismatch> mismatched,
        int checked,
        List<TensorInfo> unusedBiases,
        SortedMap<String, String> renamed,
        Optional<String> refusal,
        LoaderRules rules) {
    /**
     * One name, two shapes.
     *
     * @param name the tensor
     * @param expected the architecture's shape
     * @param stored the checkpoint's shape
     */
    public record Mismatch(String name, Shape expected, Shape stored) {}

    /** Copies the lists. */
    public LoadReport {
        missing = List.copyOf(missing);
        unexpected = List.copyOf(unexpected);
        mismatched = List.copyOf(mismatched);
        unusedBiases = List.copyOf(unusedBiases);
        renamed = Collections.unmodifiableSortedMap(new TreeMap<>(renamed));
    }

    /** Compares {@code checkpoint} with {@code plan} as {@link LoaderRules#standard} does. */
    public static LoadReport of(Checkpoint checkpoint, ModelPlan plan) {
        return of(checkpoint, plan, LoaderRules.standard());
    }

    /** Compares {@code checkpoint} with {@code plan} as a loader of these rules does. */
    public static LoadReport of(Checkpoint checkpoint, ModelPlan plan, LoaderRules rules) {
        return new LoadComparison(checkpoint, plan, rules).report();
    }

    /** The same with other lists, for what a quantization explains; the biases are those still unexpected. */
    public LoadReport with(List<String> missing, List<String> unexpected, List<Mismatch> mismatched) {
        return with(missing, unexpected, mismatched, checked);
    }

    /** The same of another number of tensors that the loader looks for. */
    public LoadReport with(List<String> missing, List<String> unexpected, List<Mismatch> mismatched, int checked) {
        Set<String> left = new HashSet<>(unexpected);
        List<TensorInfo> biases =
                unusedBiases.stream().filter(bias -> left.contains(bias.name())).toList();
        return new LoadReport(missing, unexpected, mismatched, checked, biases, renamed, refusal, rules);
    }

    /** Whether nothing is missing, unexpected or of another shape, and the loader does not refuse. */
    public boolean isClean() {
        return missing.isEmpty() && unexpected.isEmpty() && mismatched.isEmpty() && refusal.isEmpty();
    }
}
