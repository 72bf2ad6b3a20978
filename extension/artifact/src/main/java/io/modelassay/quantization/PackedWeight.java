package io.modelassay.quantization;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * One weight that a checkpoint stores in another form, with all it takes to decode it.
 *
 * @param parameter name of the weight that it decodes to, such as {@code model.layers.0.mlp.down_proj.weight}
 * @param module name of the module that owns it
 * @param format how it is stored
 * @param shape shape of the decoded weight; {@code [out_features, in_features]} for a linear module
 * @param type type that the format's own library decodes to
 * @param parts stored tensors under the names by which the kernel knows them
 * @param numbers figures stored outside tensors, handed to the kernel as float32 scalars
 * @param codec the kernel that decodes it
 */
@API(status = API.Status.EXPERIMENTAL)
public record PackedWeight(
        String parameter,
        String module,
        StorageFormat format,
        Shape shape,
        TensorType type,
        SortedMap<String, TensorInfo> parts,
        Map<String, Double> numbers,
        Codec codec) {
    /** Bytes of all its parts. */
    public long storedBytes() {
        return parts.values().stream().mapToLong(TensorInfo::byteLength).sum();
    }

    /** The parts that hold floating-point scales; kernels know them by a name with {@code scale} or {@code absmax} in it. */
    public SortedMap<String, TensorInfo> scales() {
        SortedMap<String, TensorInfo> scales = new TreeMap<>(parts);
        scales.keySet().removeIf(name -> !name.contains("scale") && !name.contains("absmax"));
        scales.values().removeIf(tensor -> !tensor.type().isFloatingPoint() || tensor.type() == TensorType.F8_E8M0);
        return scales;
    }

    /** What the codes are. */
    public CodeKind codes() {
        return codec.codes();
    }

    /** Whether codes are steps of equal size, so that errors can be told in units of the scale. */
    public boolean isUniform() {
        return codec.stepped();
    }
}
