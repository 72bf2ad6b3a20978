package io.modelassay;

import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.values.DecodedScan;
import io.modelassay.values.WeightSanity;
import java.util.ArrayList;
import java.util.List;

/** What the values of an artifact's weights are, as stored and as decoded, and what they show to be wrong. */
final class ModelValues {
    private final LoadedModel artifact;
    private final Checkpoint checkpoint;
    private final StoredQuantization stored;
    private final Once<ScanReport> storedScan = new Once<>(this::scanStored);
    private final Once<List<TensorScan>> decodedScan = new Once<>(this::scanDecoded);
    private final Once<List<Finding>> findings = new Once<>(this::judge);

    ModelValues(LoadedModel artifact) {
        this.artifact = artifact;
        this.checkpoint = artifact.checkpoint();
        this.stored = artifact.stored();
    }

    ScanReport storedScan() {
        return storedScan.get();
    }

    /** What is stored quantized as its own library decodes it; then what is quantized after loading, as it computes. */
    List<TensorScan> decodedScan() {
        return decodedScan.get();
    }

    /** What the values of the weights show to be wrong, beside the reference too where there is another checkpoint. */
    List<Finding> findings() {
        return findings.get();
    }

    private ScanReport scanStored() {
        stored.requireKnownFormat();
        return ValueScan.create().scan(checkpoint, stored.numbers());
    }

    private List<TensorScan> scanDecoded() {
        List<TensorScan> scans = new ArrayList<>();
        if (!stored.weights().isEmpty()) {
            scans.addAll(DecodedScan.tensors(checkpoint, stored, engine(), Progress.SILENT));
        }
        artifact.quantization()
                .ifPresent(applied -> artifact.model().plan().parameters().stream()
                        .filter(parameter -> applied.settings(parameter).isPresent())
                        .map(this::decoded)
                        .forEach(scans::add));
        return List.copyOf(scans);
    }

    private TensorScan decoded(Parameter parameter) {
        LanguageModel ready = artifact.model();
        try (Tensor weight = ready.weights().load(parameter, ready.dtype())) {
            return ValueScan.scan(
                    parameter.name(),
                    ready.dtype().tensorType(),
                    parameter.shape(),
                    Kernels.conversions(ready.engine()).bytes(weight));
        }
    }

    private List<Finding> judge() {
        List<Finding> found = new ArrayList<>(WeightSanity.ofParts(checkpoint, stored, engine()));
        if (artifact.settings().reference().isPresent()) {
            found.addAll(WeightSanity.against(
                    artifact.reference().checkpoint(), checkpoint, stored, engine(), Progress.SILENT));
        }
        List<TensorScan> scans = new ArrayList<>(storedScan().tensors());
        scans.removeIf(scan -> stored.explains(scan.name()));
        scans.addAll(decodedScan());
        found.addAll(WeightSanity.ofMagnitudes(scans));
        return List.copyOf(found);
    }

    private TorchEngine engine() {
        return TorchEngine.on(artifact.settings().device());
    }
}
