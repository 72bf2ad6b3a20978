package io.modelassay.inspection;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ConfigFindings;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.UnsupportedArchitectureException;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.compatibility.TensorParallel;
import io.modelassay.quantization.StoredQuantization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * The facts of an artifact that its headers and its config tell. No engine is started and no tensor is read, but for head
 * and embedding where both are stored, which are compared, and for the few values that tell whether MLPs are padded; so an
 * inspection of any model takes a moment. Immutable.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class Inspection {
    private final ModelConfig config;
    private final List<TensorInfo> tensors;
    private final Optional<LoadReport> loadReport;
    private final Optional<CheckpointDifference> difference;
    private final List<Finding> findings;
    private final StoredQuantization quantization;
    private final TensorParallel tensorParallel;

    private Inspection(Checkpoint checkpoint, Optional<Checkpoint> reference) {
        this.config = checkpoint.config();
        this.tensors = List.copyOf(checkpoint.tensors().values());
        InspectionFindings found = new InspectionFindings();
        if (tensors.isEmpty()) {
            found.noTensors(String.valueOf(checkpoint.tensorFiles().get(0).getFileName()));
        }
        InspectionFindings architecture = new InspectionFindings();
        Optional<ModelPlan> known = plan(checkpoint, architecture);
        known.ifPresent(architecture::modelClass);
        this.quantization = StoredQuantization.of(checkpoint, known);
        boolean readable = quantization.unknownFormat().isEmpty();
        this.loadReport =
                known.filter(plan -> readable).map(plan -> quantization.adapt(LoadReport.of(checkpoint, plan)));
        this.difference = reference
                .filter(other -> readable)
                .map(other -> CheckpointDifference.of(checkpoint, other, known, quantization));
        ExpertSets experts = ExpertSets.of(checkpoint);
        difference
                .map(differing -> differing.without(experts::tellsOf))
                .ifPresent(differing ->
                        found.difference(differing, UnusedBiases.zero(checkpoint, differing.unexpected())));
        List<Finding> all = new ArrayList<>();
        reference.ifPresent(other -> all.addAll(EqualReference.findings(checkpoint, other)));
        Set<String> elsewhere = Set.of();
        if (loadReport.isPresent()) {
            LoadFindings words =
                    LoadFindings.of(checkpoint, known.get(), loadReport.orElseThrow(), quantization, experts);
            all.addAll(words.all());
            all.addAll(ConfigFindings.of(config, known.get()));
            all.addAll(TokenizerFit.findings(checkpoint, known.get(), loadReport.orElseThrow()));
            elsewhere = words.renamed();
        } else if (readable) {
            all.addAll(ShardedState.of(checkpoint).findings());
        }
        TokenizerSampling.finding(checkpoint).ifPresent(all::add);
        if (readable && known.isEmpty()) {
            all.addAll(experts.findings());
        }
        all.addAll(found.all());
        if (readable) {
            all.addAll(QuantizationFindings.of(checkpoint, known, quantization, elsewhere));
        }
        all.addAll(quantization.findings());
        if (readable) {
            all.addAll(InspectionCheck.all(new InspectionCheck.Artifact(checkpoint, reference, known, quantization)));
        }
        if (readable || known.isPresent()) {
            all.addAll(architecture.all());
        }
        all.addAll(checkpoint.notes());
        this.findings = inOrder(checkpoint.notesOnChoice(), all);
        this.tensorParallel = TensorParallel.of(checkpoint, quantization);
    }

    private Inspection(Inspection headers, List<Finding> more) {
        this.config = headers.config;
        this.tensors = headers.tensors;
        this.loadReport = headers.loadReport;
        this.difference = headers.difference;
        this.quantization = headers.quantization;
        this.tensorParallel = headers.tensorParallel;
        this.findings = Stream.concat(more.stream(), headers.findings.stream()).toList();
    }

    /** Other weights beside those that loaders take come first, since all else may follow from them. */
    private static List<Finding> inOrder(List<Finding> choice, List<Finding> all) {
        List<Finding> first = choice.stream()
                .filter(finding -> finding.severity() != Finding.Severity.INFO)
                .toList();
        return Stream.concat(first.stream(), all.stream().filter(finding -> !first.contains(finding)))
                .toList();
    }

    private Optional<ModelPlan> plan(Checkpoint checkpoint, InspectionFindings found) {
        try {
            Optional<ModelPlan> plan = Architectures.find(checkpoint);
            if (plan.isEmpty()) {
                found.unknownArchitecture(config);
            }
            return plan;
        } catch (UnsupportedArchitectureException e) {
            found.unsupportedArchitecture(e);
            return Optional.empty();
        }
    }

    /**
     * Inspects the artifact in {@code folder}.
     *
     * @throws io.modelassay.checkpoint.CheckpointException if it cannot be read
     */
    public static Inspection of(Path folder) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return of(checkpoint);
        }
    }

    /** Inspects an open checkpoint. */
    public static Inspection of(Checkpoint checkpoint) {
        return new Inspection(checkpoint, Optional.empty());
    }

    /** Inspects an open checkpoint, also against the tensors of a reference. */
    public static Inspection of(Checkpoint checkpoint, Checkpoint reference) {
        return new Inspection(checkpoint, Optional.of(reference));
    }

    /** The same, with {@code more} findings before those of the headers. */
    public Inspection with(List<Finding> more) {
        return new Inspection(this, more);
    }

    /** The config's {@code model_type}, if there is one. */
    public Optional<String> modelType() {
        return config.modelType();
    }

    /** The config's {@code architectures}. */
    public List<String> architectures() {
        return config.architectures();
    }

    /**
     * Elements of all stored tensors together. A head tied to the embedding and left out of the file is counted once; packed
     * integers are counted as they are stored.
     */
    public long parameters() {
        return tensors.stream()
                .mapToLong(tensor -> tensor.shape().elementCount())
                .sum();
    }

    /** Bytes of all stored tensors together. */
    public long bytes() {
        return tensors.stream().mapToLong(TensorInfo::byteLength).sum();
    }

    /** Number of stored tensors. */
    public int tensors() {
        return tensors.size();
    }

    /** Number of tensors of each stored type, by its label. */
    public SortedMap<String, Long> dtypeCounts() {
        SortedMap<String, Long> counts = new TreeMap<>();
        tensors.forEach(tensor -> counts.merge(tensor.type().label(), 1L, Long::sum));
        return counts;
    }

    /** Elements of each stored type, by its label. */
    public SortedMap<String, Long> dtypeElements() {
        SortedMap<String, Long> counts = new TreeMap<>();
        tensors.forEach(
                tensor -> counts.merge(tensor.type().label(), tensor.shape().elementCount(), Long::sum));
        return counts;
    }

    /**
     * The quantization that the artifact is stored in, as its config and its tensors tell it.
     */
    public StoredQuantization quantization() {
        return quantization;
    }

    /** Among how many ranks vLLM can divide the artifact. */
    public TensorParallel tensorParallel() {
        return tensorParallel;
    }

    /**
     * Expected against stored tensors, without those that a quantization puts in a weight's place; empty where the
     * architecture is not known.
     */
    public Optional<LoadReport> loadReport() {
        return loadReport;
    }

    /** Against the tensors of the reference, without those that a quantization explains; empty without a reference. */
    public Optional<CheckpointDifference> difference() {
        return difference;
    }

    /** Which modules are stored how, modules of equal name and form together, sorted by name. */
    public List<PrecisionGroup> precision() {
        return PrecisionGroup.of(tensors, quantization);
    }

    /** What is wrong or odd: the load report first, then the reference, then the files. */
    public List<Finding> findings() {
        return findings;
    }

    /** Whether no finding is an error. */
    public boolean holds() {
        return findings.stream().noneMatch(finding -> finding.severity() == Finding.Severity.ERROR);
    }
}
