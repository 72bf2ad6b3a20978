package io.modelassay.architecture;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * Expected against stored tensors, from headers alone: what a loader would warn of.
 *
 * @param missing names that the architecture has and the checkpoint has not, sorted
 * @param unexpected names that the checkpoint has and the architecture has not, sorted
 * @param mismatched names whose shapes differ, sorted by name
 * @param checked number of parameters of the architecture
 */
@API(status = API.Status.EXPERIMENTAL)
public record LoadReport(List<String> missing, List<String> unexpected, List<Mismatch> mismatched, int checked) {
    /** Buffers that old checkpoints carry and every loader computes anew. */
    private static final String COMPUTED_BUFFER = "rotary_emb.inv_freq";

    /**
     * One name, two shapes.
     *
     * @param name the tensor
     * @param expected the architecture's shape
     * @param stored the checkpoint's shape
     */
    public record Mismatch(String name, Shape expected, Shape stored) {}

    /** Compares {@code checkpoint} with {@code plan}. */
    public static LoadReport of(Checkpoint checkpoint, ModelPlan plan) {
        Map<String, Parameter> expected =
                plan.parameters().stream().collect(Collectors.toMap(Parameter::name, parameter -> parameter));
        TreeSet<String> missing = new TreeSet<>();
        List<Mismatch> mismatched = new ArrayList<>();
        expected.values().forEach(parameter -> {
            if (parameter.required() && checkpoint.find(parameter.name()).isEmpty()) {
                missing.add(parameter.name());
            }
        });
        TreeSet<String> unexpected = new TreeSet<>();
        for (TensorInfo tensor : checkpoint.tensors().values()) {
            Parameter parameter = expected.get(tensor.name());
            if (parameter == null) {
                if (!tensor.name().endsWith(COMPUTED_BUFFER)) {
                    unexpected.add(tensor.name());
                }
            } else if (!parameter.shape().equals(tensor.shape())) {
                mismatched.add(new Mismatch(tensor.name(), parameter.shape(), tensor.shape()));
            }
        }
        return new LoadReport(
                List.copyOf(missing),
                List.copyOf(unexpected),
                List.copyOf(mismatched),
                plan.parameters().size());
    }

    /** Whether nothing is missing, unexpected or of another shape. */
    public boolean isClean() {
        return missing.isEmpty() && unexpected.isEmpty() && mismatched.isEmpty();
    }
}
