package io.modelassay.assertions;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.compatibility.TensorParallel;
import io.modelassay.evaluation.Figure;
import io.modelassay.inspection.PaddingReport;
import io.modelassay.inspection.UnusedBias;
import io.modelassay.inspection.UnusedBiases;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.values.DecodedPadding;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Assertions on what is stored. Only {@link #isPaddedBeforeQuantization} starts the engine, on an artifact that
 * is stored quantized.
 */
@API(status = API.Status.EXPERIMENTAL)
public class CheckpointAssert extends AbstractStoredFormAssert<CheckpointAssert, Checkpoint> {
    private @Nullable ScanReport scan;
    private @Nullable StoredQuantization quantization;

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
        ModelPlan plan = Architectures.require(actual);
        storedQuantization().requireKnownFormat();
        return storedQuantization().adapt(LoadReport.of(actual, plan));
    }

    @Override
    ScanReport storedScan() {
        if (scan == null) {
            storedQuantization().requireKnownFormat();
            scan = ValueScan.create().scan(actual, storedQuantization().numbers());
        }
        return scan;
    }

    @Override
    boolean isQuantizedAfterLoading(String module) {
        return false;
    }

    @Override
    StoredQuantization storedQuantization() {
        if (quantization == null) {
            quantization = StoredQuantization.of(actual, plan());
        }
        return quantization;
    }

    @Override
    Optional<ModelPlan> plan() {
        return Architectures.find(actual);
    }

    @Override
    List<UnusedBias> unusedBiases() {
        return UnusedBiases.of(actual, loadReport());
    }

    @Override
    PaddingReport paddingReport() {
        return DecodedPadding.of(actual, storedQuantization());
    }

    @Override
    TensorParallel tensorParallel() {
        return TensorParallel.of(actual, storedQuantization());
    }

    @Override
    void record(Figure figure) {}
}
