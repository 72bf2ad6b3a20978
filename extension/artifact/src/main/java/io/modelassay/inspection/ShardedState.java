package io.modelassay.inspection;

import io.modelassay.architecture.LoadReport;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * Tensors that are one rank's part of a model sharded for training. FSDP flattens parameters and leaves most of them empty on
 * a rank; ZeRO-3 leaves empty all that it has not gathered.
 */
final class ShardedState {
    private static final String FLAT_PARAMETER = "_flat_param";

    private final NavigableMap<String, String> parts = new TreeMap<>();

    private ShardedState() {}

    /** Of the shapes that do not fit, those that are flat or empty. */
    static ShardedState of(LoadReport report) {
        ShardedState state = new ShardedState();
        for (LoadReport.Mismatch mismatch : report.mismatched()) {
            boolean empty =
                    mismatch.stored().elementCount() == 0 && mismatch.expected().elementCount() > 0;
            boolean flat = mismatch.stored().rank() == 1 && mismatch.expected().rank() > 1;
            if (empty || flat) {
                state.parts.put(mismatch.name(), mismatch.stored() + ", the model has " + mismatch.expected());
            }
        }
        report.unexpected().stream()
                .filter(name -> name.endsWith(FLAT_PARAMETER))
                .forEach(name -> state.parts.put(name, "a flat parameter of FSDP"));
        return state;
    }

    /** Where the architecture is not known: empty tensors of a flat shape. */
    static ShardedState of(Checkpoint checkpoint) {
        ShardedState state = new ShardedState();
        for (TensorInfo tensor : checkpoint.tensors().values()) {
            boolean empty = tensor.type().isFloatingPoint() && tensor.shape().equals(Shape.of(0));
            if (empty || tensor.name().endsWith(FLAT_PARAMETER)) {
                state.parts.put(tensor.name(), tensor.shape().toString());
            }
        }
        return state;
    }

    /** Whether parameters have lost their names in a flat one, so that they seem to be missing. */
    boolean hidesParameters() {
        return parts.keySet().stream().anyMatch(name -> name.endsWith(FLAT_PARAMETER));
    }

    /** The tensors that are parts. */
    Set<String> names() {
        return parts.keySet();
    }

    /** One finding, where there is any such tensor. */
    List<Finding> findings() {
        if (parts.isEmpty()) {
            return List.of();
        }
        return List.of(new Finding(
                "sharded-state",
                Severity.ERROR,
                parts.firstKey(),
                parts.size() + (parts.size() == 1 ? " tensor is" : " tensors are")
                        + " flat or empty, as one rank's part of a model sharded by FSDP or ZeRO-3: " + parts.firstKey()
                        + " is stored as " + parts.firstEntry().getValue() + "; no loader takes it",
                "gather the full state before saving: a full state dict with FSDP,"
                        + " stage3_gather_16bit_weights_on_model_save or zero_to_fp32.py with DeepSpeed"));
    }
}
