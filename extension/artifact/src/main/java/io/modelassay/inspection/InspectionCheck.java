package io.modelassay.inspection;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Providers;
import io.modelassay.quantization.StoredQuantization;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * One kind of finding that an inspection makes of an artifact whose weights can be read. One class a kind, named in {@code
 * META-INF/services/io.modelassay.inspection.InspectionCheck}, with a public constructor without parameters. It reads headers
 * and a few small tensors only.
 */
@API(status = API.Status.EXPERIMENTAL)
public interface InspectionCheck {
    /**
     * What a check may look at.
     *
     * @param reference what the artifact is compared with, if anything
     * @param plan the architecture, where it is known
     */
    record Artifact(
            Checkpoint checkpoint,
            Optional<Checkpoint> reference,
            Optional<ModelPlan> plan,
            StoredQuantization quantization) {}

    /** What is wrong or odd about {@code artifact}; empty where nothing is. */
    List<Finding> findings(Artifact artifact);

    /** The findings of all checks, in the order of their names in the services file. */
    static List<Finding> all(Artifact artifact) {
        return Known.ALL.stream()
                .flatMap(check -> check.findings(artifact).stream())
                .toList();
    }

    /** Those on the class path, looked for when first asked for. */
    final class Known {
        private static final List<InspectionCheck> ALL =
                Providers.of(InspectionCheck.class, check -> check.getClass().getName());

        private Known() {}
    }
}
