package io.modelassay.values;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.WeightHealth;
import io.modelassay.runtime.WeightHealth.Likeness;
import io.modelassay.runtime.WeightHealth.Scales;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * Judges weights by their values: scales that no quantizer writes, modules that are dead or explode, and, beside a
 * reference, weights that were decoded under wrong assumptions.
 */
@API(status = API.Status.INTERNAL)
public final class WeightSanity {
    /** A quantized weight below this cosine to its source is another weight: 2-bit rounding stays above 0.7. */
    private static final double LEAST_COSINE = 0.5;

    /** Rounding leaves a mean signed error near 0; a shifted zero point leaves a whole scale. */
    private static final double LARGEST_SHIFT = 0.5;

    /** Modules of the same name in other layers differ by single digits, rarely by tens. */
    private static final double EXPLODES = 200;

    /** What each verdict means, and what to do. */
    private static final Map<String, List<String>> MEANING = Map.of(
            "zero-point-shifted",
            List.of(
                    "Zero points are read one too high or too low: the other GPTQ checkpoint format fits the reference",
                    "set checkpoint_format to the other of gptq and gptq_v2"),
            "g-idx-shuffled",
            List.of(
                    "Channels are assigned to wrong groups: other groups bring them to the reference",
                    "quantize again; the g_idx was permuted without its weights"),
            "nibbles-not-interleaved",
            List.of(
                    "Codes are packed in plain order, where AWQ interleaves them",
                    "pack again in the order 0 2 4 6 1 3 5 7, for weights and zero points"),
            "nibbles-swapped",
            List.of("The two 4-bit codes of each byte are swapped", "pack again in the order of this format"),
            "weights-shifted",
            List.of(
                    "Decoded weights lie on one side of the reference",
                    "check the zero points, and that the reference is the model this one was made from"),
            "weights-unlike-reference",
            List.of(
                    "Decoded weights have little to do with the reference",
                    "check that the reference is the model this one was made from, and how the weights were packed"));

    private static final Pattern NUMBER = Pattern.compile("(?<=\\.)[0-9]+(?=\\.)");

    private final StoredQuantization quantization;
    private final TorchEngine engine;
    private final List<Finding> findings = new ArrayList<>();

    private WeightSanity(StoredQuantization quantization, TorchEngine engine) {
        this.quantization = quantization;
        this.engine = engine;
    }

    /** Scales and other small parts of every quantized weight. */
    public static List<Finding> ofParts(Checkpoint checkpoint, StoredQuantization quantization, TorchEngine engine) {
        WeightSanity sanity = new WeightSanity(quantization, engine);
        try (WeightHealth health = new WeightHealth(checkpoint, engine)) {
            for (PackedWeight weight : quantization.weights().values()) {
                weight.scales().values().forEach(scale -> sanity.scales(weight, scale, health.scales(scale)));
                sanity.findings.addAll(quantization.valueFindings(weight));
            }
        }
        return sanity.findings;
    }

    /**
     * Every quantized weight beside the weight of {@code reference} that a loader takes for the same parameter, where it is
     * stored unquantized.
     */
    public static List<Finding> against(
            Checkpoint reference,
            Checkpoint checkpoint,
            StoredQuantization quantization,
            TorchEngine engine,
            Progress progress) {
        WeightSanity sanity = new WeightSanity(quantization, engine);
        ReferenceWeights sources = ReferenceWeights.of(checkpoint, reference, DecodedScan.plan(checkpoint));
        Map<String, List<Evidence>> found = new TreeMap<>();
        int done = 0;
        try (WeightHealth health = new WeightHealth(checkpoint, engine)) {
            for (PackedWeight weight : quantization.weights().values()) {
                sanity.compare(weight, sources.find(weight.parameter()), reference, health)
                        .ifPresent(verdict -> found.computeIfAbsent(verdict.id, id -> new ArrayList<>())
                                .add(verdict.evidence));
                progress.step(
                        "comparing weights", ++done, quantization.weights().size());
            }
        }
        found.forEach(sanity::verdict);
        return sanity.findings;
    }

    private record Verdict(String id, Evidence evidence) {}

    private record Evidence(String module, String figures) {}

    private void scales(PackedWeight weight, TensorInfo tensor, Scales counts) {
        boolean zeroIsLegal = weight.format().scheme().equals("bitsandbytes");
        add(counts.nonFinite(), "scale-non-finite", tensor, counts, "are NaN or infinite");
        add(counts.negative(), "scale-negative", tensor, counts, "are negative");
        // Some layouts round the number of groups up and leave the rest zero.
        long groups =
                weight.shape().elementCount() / Math.max(1, weight.format().groupSize());
        long unused = weight.format().groupSize() > 0 ? Math.max(0, counts.count() - groups) : 0;
        add(
                zeroIsLegal ? 0 : Math.max(0, counts.zero() - unused),
                "scale-zero",
                tensor,
                counts,
                "are zero: their groups decode to zeros");
        add(
                counts.subnormal(),
                "scale-subnormal",
                tensor,
                counts,
                "are below the normal range of " + tensor.type().label()
                        + (counts.subnormal() == counts.count() && counts.count() > 1
                                ? ", all of them, as where bytes are swapped or of another type"
                                : " and have lost bits"));
        boolean placeholder = counts.count() > 1 && counts.ones() == counts.count();
        add(placeholder ? counts.ones() : 0, "scale-all-one", tensor, counts, "are exactly 1, as if never filled in");
    }

    private void add(long count, String id, TensorInfo tensor, Scales counts, String what) {
        if (count > 0) {
            findings.add(new Finding(
                    id,
                    Severity.ERROR,
                    tensor.name(),
                    count + " of " + counts.count() + " scales " + what,
                    "quantize the model again; look at the step that wrote this module"));
        }
    }

    private Optional<Verdict> compare(
            PackedWeight weight, Optional<TensorInfo> named, Checkpoint reference, WeightHealth health) {
        Optional<TensorInfo> source = named.filter(tensor -> tensor.shape().equals(weight.shape()))
                .filter(tensor -> tensor.type().isFloatingPoint() && tensor.type() != TensorType.C64);
        if (source.isEmpty()) {
            return Optional.empty();
        }
        Kernels conversions = Kernels.conversions(engine);
        TensorInfo tensor = source.get();
        try (Tensor original =
                conversions.stored(tensor.name(), tensor.type(), tensor.shape(), reference.map(tensor))) {
            Likeness declared = health.likeness(weight, weight.codec(), original);
            for (Map.Entry<String, Codec> other : new TreeMap<>(quantization.alternatives(weight)).entrySet()) {
                Likeness read = health.likeness(weight, other.getValue(), original);
                if (read.isFarBetterThan(declared)) {
                    return Optional.of(new Verdict(
                            other.getKey(),
                            new Evidence(
                                    weight.module(),
                                    "relative error " + number(declared.relativeError()) + " as declared, "
                                            + number(read.relativeError()) + " read so")));
                }
            }
            double shift = Math.abs(declared.meanSignedError());
            if (shift > LARGEST_SHIFT && shift < 1L << weight.format().bits()) {
                return Optional.of(new Verdict(
                        "weights-shifted",
                        new Evidence(
                                weight.module(),
                                "mean signed error of " + number(declared.meanSignedError()) + " scales")));
            }
            // NaN is no likeness.
            return declared.cosine() >= LEAST_COSINE && shift <= LARGEST_SHIFT
                    ? Optional.empty()
                    : Optional.of(new Verdict(
                            "weights-unlike-reference",
                            new Evidence(
                                    weight.module(),
                                    "cosine " + number(declared.cosine()) + ", relative error "
                                            + number(declared.relativeError()))));
        }
    }

    private void verdict(String id, List<Evidence> evidence) {
        Evidence first = evidence.get(0);
        List<String> meaning = MEANING.getOrDefault(id, List.of("Another reading of the tensors fits", "pack again"));
        findings.add(new Finding(
                id,
                Severity.ERROR,
                first.module(),
                meaning.get(0) + " (" + evidence.size() + " of "
                        + quantization.weights().size() + " weights; " + first.module() + ": " + first.figures() + ")",
                meaning.get(1)));
    }

    /** Modules whose values are all zero, or far larger than those of their like in other layers. */
    public static List<Finding> ofMagnitudes(Collection<TensorScan> scans) {
        List<Finding> findings = new ArrayList<>();
        Map<String, List<TensorScan>> kinds = scans.stream()
                .filter(scan -> scan.shape().rank() > 1 && scan.name().endsWith(".weight"))
                .collect(Collectors.groupingBy(
                        scan -> NUMBER.matcher(scan.name()).replaceAll("*"), TreeMap::new, Collectors.toList()));
        kinds.values().forEach(like -> {
            double[] magnitudes =
                    like.stream().mapToDouble(TensorScan::absMax).sorted().toArray();
            double median = magnitudes[magnitudes.length / 2];
            for (TensorScan scan : like) {
                if (scan.absMax() == 0) {
                    findings.add(new Finding(
                            "dead-module",
                            Severity.WARNING,
                            scan.name(),
                            "All " + scan.count() + " values are zero, so the module passes nothing on",
                            "check that this was meant, as in a model grown by zero layers; else convert again"));
                } else if (like.size() > 2 && scan.absMax() > EXPLODES * median && median > 0) {
                    findings.add(new Finding(
                            "exploding-module",
                            Severity.WARNING,
                            scan.name(),
                            "Its largest magnitude is " + number(scan.absMax()) + ", the median of its " + like.size()
                                    + " like in other layers " + number(median),
                            "compare the tensor with its source; training or conversion has damaged it"));
                }
            }
        });
        return findings;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.3g", value);
    }
}
