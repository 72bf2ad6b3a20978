package io.modelassay.inspection;

import io.modelassay.checkpoint.Finding;
import java.util.List;
import org.apiguardian.api.API;

/** MLPs that are padded, and whether that was done as it must be, as far as it shows without decoding. */
@API(status = API.Status.INTERNAL)
public final class PaddedMlpCheck implements InspectionCheck {
    @Override
    public List<Finding> findings(Artifact artifact) {
        return PaddingReport.withoutDecoding(artifact.checkpoint(), artifact.quantization())
                .findings();
    }
}
