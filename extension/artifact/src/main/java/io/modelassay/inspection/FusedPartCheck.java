package io.modelassay.inspection;

import io.modelassay.checkpoint.Finding;
import java.util.List;
import org.apiguardian.api.API;

/** Scales that servers fuse, and that differ between the parts of one fused module. */
@API(status = API.Status.INTERNAL)
public final class FusedPartCheck implements InspectionCheck {
    @Override
    public List<Finding> findings(Artifact artifact) {
        return FusedParts.findings(
                FusedParts.modules(artifact.checkpoint().tensors().keySet(), artifact.quantization()),
                artifact.quantization());
    }
}
