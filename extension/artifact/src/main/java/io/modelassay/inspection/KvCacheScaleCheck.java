package io.modelassay.inspection;

import io.modelassay.checkpoint.Finding;
import java.util.List;
import org.apiguardian.api.API;

/** Scales of the key and value cache. */
@API(status = API.Status.INTERNAL)
public final class KvCacheScaleCheck implements InspectionCheck {
    @Override
    public List<Finding> findings(Artifact artifact) {
        return KvCacheScales.of(artifact.checkpoint(), artifact.quantization().configs())
                .findings();
    }
}
