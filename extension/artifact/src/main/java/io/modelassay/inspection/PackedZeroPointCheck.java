package io.modelassay.inspection;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.quantization.PackedWeight;
import java.util.List;
import java.util.Objects;
import org.apiguardian.api.API;

/** Zero points in words along the output channels, which newer releases of compressed-tensors do not look for. */
@API(status = API.Status.INTERNAL)
public final class PackedZeroPointCheck implements InspectionCheck {
    @Override
    public List<Finding> findings(Artifact artifact) {
        List<String> packed = artifact.quantization().weights().values().stream()
                .filter(weight -> weight.format().variant().equals("pack-quantized"))
                .map(PackedWeight::parts)
                .filter(parts -> parts.containsKey("packed_zero_point"))
                .map(parts ->
                        Objects.requireNonNull(parts.get("packed_zero_point")).name())
                .toList();
        return packed.isEmpty()
                ? List.of()
                : List.of(new Finding(
                        "packed-zero-points",
                        Severity.WARNING,
                        packed.get(0),
                        packed.size() + (packed.size() == 1 ? " module has" : " modules have")
                                + " zero points packed along the output channels: compressed-tensors 0.17.1 loads them, 0.18 to"
                                + " 0.20 raise RuntimeError for a size mismatch of weight_zero_point unless transformers is"
                                + " given CompressedTensorsConfig(dequantize=True)",
                        "load the artifact with compressed-tensors 0.17.1, or quantize symmetrically"));
    }
}
