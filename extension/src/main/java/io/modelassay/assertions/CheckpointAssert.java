package io.modelassay.assertions;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.evaluation.Figure;
import java.util.function.Consumer;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Assertions on what is stored. None of them starts an engine. */
@API(status = API.Status.EXPERIMENTAL)
public class CheckpointAssert extends AbstractArtifactAssert<CheckpointAssert, Checkpoint> {
    private @Nullable ScanReport scan;

    /** For {@link ModelAssertions#assertThat(Checkpoint)}. */
    public CheckpointAssert(@Nullable Checkpoint actual) {
        super(actual, CheckpointAssert.class);
    }

    /**
     * The stored tensor {@code name} satisfies {@code requirements}.
     *
     * @param requirements assertions on the tensor's header
     */
    public CheckpointAssert hasTensorSatisfying(String name, Consumer<TensorInfo> requirements) {
        isNotNull();
        hasTensor(name);
        requirements.accept(actual.tensor(name));
        return this;
    }

    @Override
    Checkpoint checkpoint() {
        return actual;
    }

    @Override
    String kind() {
        return "checkpoint";
    }

    @Override
    String name() {
        return String.valueOf(actual.folder().getFileName());
    }

    @Override
    LoadReport loadReport() {
        return LoadReport.of(actual, Architectures.require(actual.config()));
    }

    @Override
    ScanReport storedScan() {
        if (scan == null) {
            scan = ValueScan.create().scan(actual);
        }
        return scan;
    }

    @Override
    boolean isQuantized(String module) {
        return false;
    }

    @Override
    void record(Figure figure) {}
}
