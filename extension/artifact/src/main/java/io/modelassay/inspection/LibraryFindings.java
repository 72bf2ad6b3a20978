package io.modelassay.inspection;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What is stored as it is declared, and what some libraries or some of their releases refuse or leave unused all the same. */
final class LibraryFindings {
    private LibraryFindings() {}

    static List<Finding> of(Checkpoint checkpoint, StoredQuantization stored) {
        List<Finding> findings = new ArrayList<>(packedZeroPoints(stored));
        findings.addAll(
                FusedParts.findings(FusedParts.modules(checkpoint.tensors().keySet(), stored), stored));
        findings.addAll(KvCacheScales.of(checkpoint, stored.configs()).findings());
        return findings;
    }

    /** Zero points in words along the output channels, which newer releases of compressed-tensors do not look for. */
    private static List<Finding> packedZeroPoints(StoredQuantization stored) {
        List<String> packed = stored.weights().values().stream()
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
