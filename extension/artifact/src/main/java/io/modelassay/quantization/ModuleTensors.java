package io.modelassay.quantization;

import io.modelassay.checkpoint.TensorInfo;
import java.util.Optional;
import java.util.SortedMap;

/**
 * The tensors of one module.
 *
 * @param module its name, such as {@code model.layers.0.mlp.down_proj}
 * @param tensors by their name within the module, such as {@code qweight} or {@code weight.absmax}
 */
record ModuleTensors(String module, SortedMap<String, TensorInfo> tensors) {
    Optional<TensorInfo> find(String part) {
        return Optional.ofNullable(tensors.get(part));
    }

    boolean has(String part) {
        return tensors.containsKey(part);
    }

    /** The full name of a part. */
    String name(String part) {
        return module + "." + part;
    }
}
