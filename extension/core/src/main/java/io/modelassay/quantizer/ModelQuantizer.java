package io.modelassay.quantizer;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.StoredModules;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ShardedSafetensorsWriter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.conversion.OutputFolder;
import io.modelassay.failure.InvalidRequestException;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.StagedDecoder;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Quantizes a checkpoint into an artifact that the format's own library loads. The model is streamed: one decoder layer is
 * in memory at a time, and a layer that is done is kept on disk, so a killed run resumes after it.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelQuantizer {
    /** Of hidden states between two layers; what is more goes to a temporary file. */
    private static final long DEFAULT_MEMORY = 1L << 30;

    private final Checkpoint source;
    private final Quantization quantization;
    private final Calibration calibration;
    private ArtifactFormat format;
    private Device device = Device.AUTO;
    private DType dtype = DType.AUTO;
    private long memory = DEFAULT_MEMORY;
    private long shardBytes = ShardedSafetensorsWriter.DEFAULT_SHARD_BYTES;
    private boolean resume;
    private final EnumSet<Fallback> fallbacks = EnumSet.noneOf(Fallback.class);
    private Progress progress = Progress.SILENT;

    private ModelQuantizer(Checkpoint source, Quantization quantization, Calibration calibration) {
        this.source = source;
        this.quantization = quantization;
        this.calibration = calibration;
        this.format = ArtifactFormats.own(quantization);
    }

    /** Quantizes {@code source} with what {@code calibration} makes flow through it. */
    public static ModelQuantizer of(Checkpoint source, Quantization quantization, Calibration calibration) {
        StoredQuantization.of(source, Optional.empty()).requireKnownFormat();
        return new ModelQuantizer(source, quantization, calibration);
    }

    /**
     * The layout to write, by a name such as {@code gptq_v2}; see {@link ArtifactFormats#names}.
     *
     * @throws IllegalArgumentException if there is no such layout, or it cannot hold this quantization
     */
    public ModelQuantizer format(String name) {
        ArtifactFormat found = ArtifactFormats.named(name);
        String refusal = ArtifactFormats.refusal(found, quantization);
        if (!refusal.isEmpty()) {
            throw new IllegalArgumentException(
                    "The format " + name + " cannot hold " + quantization.label() + ": it " + refusal);
        }
        this.format = found;
        return this;
    }

    /** The device that computes. */
    public ModelQuantizer on(Device other) {
        this.device = other;
        return this;
    }

    /** The compute type of the forward pass; {@link DType#AUTO} takes the checkpoint's. */
    public ModelQuantizer computingIn(DType other) {
        this.dtype = other;
        return this;
    }

    /** Bytes of hidden states that may stay in memory; what is more goes to a temporary file. */
    public ModelQuantizer hiddenStatesInMemory(long bytes) {
        this.memory = bytes;
        return this;
    }

    /** Bytes of the largest shard. */
    public ModelQuantizer largestShard(long bytes) {
        this.shardBytes = bytes;
        return this;
    }

    /** Goes on from what a killed run of the same quantization has left beside the output. */
    public ModelQuantizer resuming() {
        this.resume = true;
        return this;
    }

    /** Allows what is otherwise an error; the report names each module where it happened. */
    public ModelQuantizer allowing(Fallback fallback) {
        fallbacks.add(fallback);
        return this;
    }

    /** Told how far it has come. */
    public ModelQuantizer reporting(Progress other) {
        this.progress = other;
        return this;
    }

    /**
     * Quantizes and writes.
     *
     * @param out a folder that does not exist yet, or is empty; it appears complete or not at all
     * @throws IllegalArgumentException if {@code out} is not empty, or holds an unfinished run that is not to be resumed
     * @throws QuantizerException if a module cannot be quantized
     */
    public QuantizationReport into(Path out) {
        requireLoadable();
        OutputFolder target = OutputFolder.at(out);
        ModelPlan model = model();
        QuantizationPlan plan = QuantizationPlan.of(quantization, model);
        TorchEngine engine = TorchEngine.on(device);
        ArtifactWriter writer = new ArtifactWriter(source, model, plan, format, engine);
        return quantization.needsCalibration()
                ? calibrate(out, target, writer, model, plan, engine)
                : encode(out, target, writer, plan, engine);
    }

    private void requireLoadable() {
        String refused = format.refusedByNewest(quantization);
        if (!refused.isEmpty() && !fallbacks.contains(Fallback.REFUSED_BY_NEWEST)) {
            throw new InvalidRequestException(
                    "The newest release of the library would refuse " + quantization.label() + " as " + format.name()
                            + ": " + refused,
                    (quantization.symmetric()
                                    ? "static groups, or no act-order"
                                    : "codes centred on zero, or the format "
                                            + ArtifactFormats.own(quantization).name())
                            + "; for an older loader allow " + Fallback.REFUSED_BY_NEWEST);
        }
    }

    /** What is to be told beside how the modules went. */
    private List<Finding> notes(List<ModuleReport> modules) {
        List<Finding> notes = new ArrayList<>();
        format.note(modules).ifPresent(notes::add);
        String refused = format.refusedByNewest(quantization);
        if (!refused.isEmpty()) {
            notes.add(new Finding(
                    "refused-by-newest-loader",
                    Finding.Severity.WARNING,
                    format.name(),
                    "The newest release of the library refuses this artifact: " + refused,
                    "tell users which loader it is for"));
        }
        List<TensorInfo> stacked = StoredModules.stackedExperts(source);
        if (!stacked.isEmpty()) {
            notes.add(new Finding(
                    "stacked-experts-kept",
                    Finding.Severity.WARNING,
                    stacked.get(0).name(),
                    stacked.size() + (stacked.size() == 1 ? " tensor holds" : " tensors hold")
                            + " all experts of a layer in one, and stay in full precision",
                    "a checkpoint with one tensor for each expert, if the experts are to be quantized"));
        }
        return notes;
    }

    /** Methods that look at one weight at a time need to know no architecture. */
    private ModelPlan model() {
        return quantization.needsCalibration()
                ? Architectures.require(source)
                : Architectures.find(source)
                        // Files hold experts one by one or stacked, which the architecture does not tell.
                        .filter(plan -> !plan.hasExperts())
                        .orElseGet(() -> StoredModules.plan(source));
    }

    private QuantizationReport encode(
            Path out, OutputFolder target, ArtifactWriter writer, QuantizationPlan plan, TorchEngine engine) {
        try (WeightEncoder encoder = new WeightEncoder(source, plan, writer.weights(), engine, progress)) {
            List<String> files = writer.write(target, encoder, shardBytes);
            return new QuantizationReport(
                    out,
                    quantization,
                    format.name(),
                    files,
                    encoder.reports(),
                    Calibration.NONE.name(),
                    0,
                    0,
                    notes(encoder.reports()));
        }
    }

    private QuantizationReport calibrate(
            Path out,
            OutputFolder target,
            ArtifactWriter writer,
            ModelPlan model,
            QuantizationPlan plan,
            TorchEngine engine) {
        calibration.requireTokens();
        // The head is one more.
        int layers = model.decoder().layers().size() + (quantization.quantizesHead() ? 1 : 0);
        DType compute = dtype.resolve(source.config());
        String key = String.join(
                "/",
                // For a person first; the content key tells apart what this leaves out.
                quantization.toString(),
                source.contentHash(),
                quantization.contentKey(),
                calibration.hash(),
                fallbacks.toString(),
                compute.name(),
                engine.version(),
                "threads " + engine.threads());
        QuantizationJournal journal = QuantizationJournal.open(out, key, resume, engine);
        int resumed = 0;
        while (resumed < layers && journal.has(resumed)) {
            resumed++;
        }
        if (resumed < layers) {
            stream(engine, model, plan, compute, journal);
        }
        List<String> files = writer.write(target, journal.finished(layers, progress), shardBytes);
        List<ModuleReport> reports = journal.allReports(layers);
        journal.remove();
        return new QuantizationReport(
                out,
                quantization,
                format.name(),
                files,
                reports,
                calibration.name(),
                calibration.tokens(),
                resumed,
                notes(reports));
    }

    private void stream(
            TorchEngine engine, ModelPlan model, QuantizationPlan plan, DType compute, QuantizationJournal journal) {
        StoredWeights weights = new StoredWeights(source, model, Kernels.conversions(engine));
        try (LayerQuantizer quantizer = quantizer(engine);
                Kernels kernels = Kernels.compile(engine, Codec.class, List.of("uniform.py", "gptq_solver.py"))) {
            new StagedDecoder(engine, model, weights, compute)
                    .run(calibration.windows(), memory, new Pass(plan, journal, quantizer, kernels), progress);
        }
    }

    /** What is done at each stop of the pass: quantized, or put in place where an earlier run has. */
    private static final class Pass implements StagedDecoder.Work {
        private final QuantizationPlan plan;
        private final QuantizationJournal journal;
        private final LayerQuantizer quantizer;
        private final Kernels kernels;
        private @Nullable LayerResult current;

        Pass(QuantizationPlan plan, QuantizationJournal journal, LayerQuantizer quantizer, Kernels kernels) {
            this.plan = plan;
            this.journal = journal;
            this.quantizer = quantizer;
            this.kernels = kernels;
        }

        @Override
        public void at(StagedDecoder.Stage stage) {
            if (journal.has(stage.layer())) {
                restore(stage, plan, journal, kernels);
                return;
            }
            LayerResult result = current == null ? new LayerResult(stage.layerName(), plan) : current;
            current = result;
            quantizer.quantize(stage, result);
            if (stage.index() == stage.count() - 1) {
                finish(stage.layer(), result);
                current = null;
            }
        }

        @Override
        public void at(StagedDecoder.Head head) {
            if (plan.quantizes(head.module()) && !journal.has(head.layer())) {
                LayerResult result = new LayerResult(head.module(), plan);
                quantizer.quantize(head, result);
                finish(head.layer(), result);
            }
        }

        private void finish(int layer, LayerResult result) {
            journal.write(layer, result);
            result.close();
        }
    }

    private LayerQuantizer quantizer(TorchEngine engine) {
        return CalibratedMethod.of(quantization)
                .orElseThrow(() -> new InvalidRequestException(
                        quantization.label() + " needs a calibration, and no class tells what to do with it",
                        "a class that implements " + CalibratedMethod.class.getName()))
                .start(new CalibratedMethod.Job(source, quantization, fallbacks, engine));
    }

    /** Puts what an earlier run made of the stage's modules in their place. */
    private static void restore(
            StagedDecoder.Stage stage, QuantizationPlan plan, QuantizationJournal journal, Kernels kernels) {
        try (Checkpoint done = journal.read(stage.layer())) {
            for (String module : stage.modules()) {
                if (plan.quantizes(module)) {
                    Map<String, Tensor> parts = journal.parts(done, module);
                    try (Tensor restored = kernels.call("restored", parts)) {
                        stage.replace(module + ".weight", restored);
                    } finally {
                        parts.values().forEach(Tensor::close);
                    }
                }
            }
            for (TensorInfo changed : done.tensors().values()) {
                if (stage.index() == 0 && stage.has(changed.name())) {
                    try (Tensor value =
                            kernels.stored(changed.name(), changed.type(), changed.shape(), done.map(changed))) {
                        stage.replace(changed.name(), value);
                    }
                }
            }
        }
    }
}
