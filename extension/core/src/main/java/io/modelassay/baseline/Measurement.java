package io.modelassay.baseline;

import io.modelassay.baseline.Baseline.Conditions;
import io.modelassay.baseline.Baseline.Origin;
import io.modelassay.baseline.Baseline.Tokens;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ContentHash;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Provenance;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Collects what a model is into a {@link Baseline}. Used by one thread. */
@API(status = API.Status.INTERNAL)
public final class Measurement {
    /** Significant digits of figures: enough for every tolerance, few enough to read a difference of two files. */
    static final int DIGITS = 5;

    static final String PERPLEXITY = "perplexity";
    static final String DRIFT = "drift_percent";
    static final String KL = "mean_kl";
    static final String AGREEMENT = "top1_agreement";
    static final String LAYER_ERROR = "layer_error";
    static final String STORED_MAX = "abs_max_stored";
    static final String DECODED_MAX = "abs_max_decoded";

    private static final Pattern NUMBER = Pattern.compile("(?<=^|\\.)\\d+(?=\\.|$)");

    private final SortedMap<String, String> facts = new TreeMap<>();
    private final SortedMap<String, Double> figures = new TreeMap<>();
    private final String dtype;
    private final String checkpointSha256;
    private @Nullable Tokens text;
    private @Nullable String protocol;
    private @Nullable Provenance provenance;
    private @Nullable SortedMap<String, String> hashes;

    /** Starts with what the headers of {@code checkpoint} tell: parameters, and tensors of equal names but for numbers. */
    public Measurement(Checkpoint checkpoint, String dtype) {
        this.dtype = dtype;
        this.checkpointSha256 = checkpoint.contentHash();
        Collection<TensorInfo> tensors = checkpoint.tensors().values();
        facts.put(
                "parameters",
                String.valueOf(tensors.stream()
                        .mapToLong(tensor -> tensor.shape().elementCount())
                        .sum()));
        tensors.stream()
                .collect(Collectors.groupingBy(
                        tensor -> NUMBER.matcher(tensor.name()).replaceAll("*"),
                        TreeMap::new,
                        Collectors.groupingBy(
                                tensor -> tensor.type().label() + " " + tensor.shape(),
                                TreeMap::new,
                                Collectors.counting())))
                .forEach((name, forms) -> facts.put("tensor/" + name, counted(forms)));
    }

    private static String counted(Map<String, Long> forms) {
        return forms.entrySet().stream()
                .map(form -> form.getValue() + " × " + form.getKey())
                .collect(Collectors.joining(", "));
    }

    /** Adds what is equal or not. */
    public Measurement fact(String name, String value) {
        facts.put(name, value);
        return this;
    }

    /** Adds how many findings there are of each kind. */
    public Measurement findings(List<Finding> findings) {
        findings.stream()
                .collect(Collectors.groupingBy(Finding::id, Collectors.counting()))
                .forEach((id, count) -> fact("finding/" + id, String.valueOf(count)));
        return this;
    }

    /** Adds the values as they are stored, packed codes and other integers left out. */
    public Measurement stored(List<TensorScan> scans) {
        return values(
                "stored",
                STORED_MAX,
                scans.stream().filter(scan -> scan.type().isFloatingPoint()).toList());
    }

    /** Adds the values of quantized weights as they decode. */
    public Measurement decoded(List<TensorScan> scans) {
        return scans.isEmpty() ? this : values("decoded", DECODED_MAX, scans);
    }

    private Measurement values(String state, String max, List<TensorScan> scans) {
        figure(max, scans.stream().mapToDouble(TensorScan::absMax).max().orElse(0));
        fact("nan/" + state, sum(scans.stream().map(TensorScan::nan).toList()));
        return fact("inf/" + state, sum(scans.stream().map(TensorScan::inf).toList()));
    }

    private static String sum(List<Long> counts) {
        return String.valueOf(counts.stream().mapToLong(Long::longValue).sum());
    }

    /** Names the text that the figures are measured over. */
    public Measurement over(String name, @Nullable String file, int[] tokens) {
        ByteBuffer ids = ByteBuffer.allocate(Math.multiplyExact(tokens.length, Integer.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        ids.asIntBuffer().put(tokens);
        text = new Tokens(name, file, tokens.length, ContentHash.of(ids.array()));
        return this;
    }

    /** Tells what the figures were computed on. */
    public Measurement ranOn(Provenance computed) {
        provenance = computed;
        return this;
    }

    /** Adds the perplexity over the text. */
    public Measurement perplexity(Perplexity measured) {
        protocol = measured.protocol();
        ranOn(measured.provenance());
        figure(PERPLEXITY, measured.value());
        return this;
    }

    /** Adds the figures against the reference over the text, the perplexity among them. */
    public Measurement comparison(Comparison measured) {
        perplexity(measured.subject());
        figure(DRIFT, measured.driftPercent());
        figure(KL, measured.klDivergence().mean());
        figure(AGREEMENT, measured.topTokenAgreement().mean());
        measured.layerErrors().forEach(layer -> figure(LAYER_ERROR + "/" + layer.layer(), layer.error()));
        return this;
    }

    /** Adds the hash of every tensor's bytes. */
    public Measurement everyBit(Checkpoint checkpoint) {
        hashes = ContentHash.ofTensors(checkpoint);
        return this;
    }

    private void figure(String name, double value) {
        figures.put(
                name,
                Double.isFinite(value)
                        ? BigDecimal.valueOf(value)
                                .round(new MathContext(DIGITS))
                                .doubleValue()
                        : value);
    }

    /** What has been collected. */
    public Baseline of(String id, String model) {
        return new Baseline(
                Baseline.SCHEMA,
                id,
                model,
                new Conditions(dtype, protocol, text),
                facts,
                figures,
                DefaultTolerances.of(figures.keySet(), dtype),
                hashes,
                new Origin(
                        checkpointSha256,
                        provenance == null ? null : provenance.device().name().toLowerCase(Locale.ROOT),
                        provenance == null ? null : provenance.engine()));
    }
}
