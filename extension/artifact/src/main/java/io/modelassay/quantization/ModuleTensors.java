package io.modelassay.quantization;

import io.modelassay.checkpoint.TensorInfo;
import java.util.Optional;
import java.util.SortedMap;
import org.apiguardian.api.API;

/**
 * The tensors of one module.
 *
 * @param module its name, such as {@code model.layers.0.mlp.down_proj}
 * @param tensors by their name within the module, such as {@code qweight} or {@code weight.absmax}
 */
@API(status = API.Status.EXPERIMENTAL)
public record ModuleTensors(String module, SortedMap<String, TensorInfo> tensors) {
    /** The part of that name. */
    public Optional<TensorInfo> find(String part) {
        return Optional.ofNullable(tensors.get(part));
    }

    /** Whether there is a part of that name. */
    public boolean has(String part) {
        return tensors.containsKey(part);
    }

    /** The full name of a part. */
    public String name(String part) {
        return module + "." + part;
    }
}
