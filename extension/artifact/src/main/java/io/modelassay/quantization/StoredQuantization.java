package io.modelassay.quantization;

import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * The quantization that a checkpoint is stored in: which weights, how, and what is wrong with it. Read from the config and
 * from the tensors; where they disagree the tensors win and the disagreement is a finding. Reads headers and a few small
 * parts only.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class StoredQuantization {
    private final List<QuantizationConfig> configs;
    private final SortedMap<String, PackedWeight> weights = new TreeMap<>();
    private final Map<String, PackedWeight> byParameter = new HashMap<>();
    private final SortedMap<String, Scheme> modules = new TreeMap<>();
    private final Map<String, Scheme> schemeOf = new LinkedHashMap<>();
    private final SchemeReading reading;
    private final List<Finding> findings = new ArrayList<>();
    private final Set<String> explained = new TreeSet<>();
    private final ModuleExclusions exclusions;
    private final NavigableSet<String> unread = new TreeSet<>();
    private final NavigableSet<String> unpacked = new TreeSet<>();
    private final Set<String> codes = new TreeSet<>();
    private final Set<String> replaced = new TreeSet<>();
    private final @Nullable UnknownFormat unknownFormat;

    private StoredQuantization(Checkpoint checkpoint, @Nullable ModelPlan plan) {
        this.configs = QuantizationConfig.all(checkpoint);
        QuantizationConfig config = configs.isEmpty() ? null : configs.get(0);
        this.reading = new SchemeReading(checkpoint, config, plan);
        this.exclusions = config == null ? ModuleExclusions.NONE : ModuleExclusions.of(config);
        SortedMap<String, TensorInfo> tensors = checkpoint.tensors();
        UnknownFormats formats = new UnknownFormats(checkpoint, configs, Schemes.all());
        Optional<UnknownFormat> foreign = formats.declared();
        if (foreign.isEmpty()) {
            for (String module : markedModules(tensors)) {
                read(new ModuleTensors(module, within(module, tensors)));
            }
            foreign =
                    modules.isEmpty() ? formats.unrecognised(plan) : weights.isEmpty() ? formats.unread(plan) : foreign;
        }
        this.unknownFormat = foreign.orElse(null);
        if (unknownFormat != null) {
            modules.clear();
            explained.clear();
            codes.clear();
            findings.add(unknownFormat.finding());
            return;
        }
        if (plan == null && !modules.isEmpty()) {
            formats.beside(modules.keySet()).map(UnknownFormat::finding).ifPresent(findings::add);
        }
        if (plan != null) {
            List.copyOf(explained).forEach(name -> explained.add(plan.resolve(name)));
            weights.forEach((name, weight) -> byParameter.putIfAbsent(plan.resolve(name), weight));
        }
        findings.addAll(reading.findings());
        findings.addAll(QuantizationConfig.disagreements(configs));
        if (config != null) {
            GroupTargets targets = new GroupTargets(config, weights.values());
            findings.addAll(targets.overlapping());
            findings.addAll(targets.untargeted(
                    modules.keySet(), module -> reading.expected(module).isPresent()));
            findings.addAll(ActivationScales.findings(modules.keySet(), config, checkpoint));
            compareDeclared(config);
            findings.addAll(DeclaredState.findings(config, weights.values()));
            findings.addAll(DeclaredMethod.findings(config, modules, weights.values()));
            if (plan != null) {
                addDeclaredButAbsent(config, plan, tensors);
            }
            unpacked.addAll(new UnlistedModules(config, exclusions, checkpoint.config(), modules.keySet())
                    .of(tensors.values()));
        } else if (!modules.isEmpty()) {
            findings.add(new Finding(
                    "missing-quantization-config",
                    Severity.ERROR,
                    "config.json",
                    modules.size() + " modules are stored quantized, first " + modules.firstKey()
                            + ", but config.json has no quantization_config: a loader would initialize their weights at"
                            + " random",
                    "add the quantization_config that the quantizer wrote"));
        }
    }

    /** Reads the quantization of {@code checkpoint}, whose architecture may be unknown. */
    public static StoredQuantization of(Checkpoint checkpoint, Optional<ModelPlan> plan) {
        return new StoredQuantization(checkpoint, plan.orElse(null));
    }

    private static NavigableSet<String> markedModules(SortedMap<String, TensorInfo> tensors) {
        Set<String> markers =
                Schemes.all().stream().flatMap(s -> s.markers().stream()).collect(Collectors.toSet());
        NavigableSet<String> modules = new TreeSet<>();
        int longest = markers.stream().mapToInt(String::length).max().orElse(0);
        for (String name : tensors.keySet()) {
            for (int dot = name.lastIndexOf('.');
                    dot >= 0 && name.length() - dot - 1 <= longest;
                    dot = name.lastIndexOf('.', dot - 1)) {
                if (markers.contains(name.substring(dot + 1))) {
                    modules.add(name.substring(0, dot));
                }
            }
        }
        return modules;
    }

    private static SortedMap<String, TensorInfo> within(String module, SortedMap<String, TensorInfo> tensors) {
        SortedMap<String, TensorInfo> parts = new TreeMap<>();
        String prefix = module + ".";
        tensors.subMap(prefix, module + "/")
                .forEach((name, tensor) -> parts.put(name.substring(prefix.length()), tensor));
        return parts;
    }

    private void read(ModuleTensors module) {
        for (Scheme scheme : Schemes.all()) {
            if (Collections.disjoint(scheme.markers(), module.tensors().keySet())) {
                continue;
            }
            int missing = reading.missing().size();
            int wrong = reading.told();
            List<PackedWeight> read = scheme.read(module, reading);
            boolean told = reading.missing().size() > missing || reading.told() > wrong;
            if (!read.isEmpty() || told) {
                claim(module, scheme, read);
                return;
            }
        }
    }

    private void claim(ModuleTensors module, Scheme scheme, List<PackedWeight> read) {
        modules.put(module.module(), scheme);
        for (PackedWeight weight : read) {
            weights.put(weight.parameter(), weight);
            schemeOf.put(weight.parameter(), scheme);
            explained.add(weight.parameter());
        }
        for (String part : scheme.parts()) {
            explained.add(module.name(part));
        }
        explained.add(module.name("weight"));
        replaced.add(module.name("weight"));
        for (String part : scheme.codes()) {
            codes.add(module.name(part));
        }
    }

    private void compareDeclared(QuantizationConfig config) {
        Map<Disagreement, List<PackedWeight>> wrong = new TreeMap<>();
        for (PackedWeight weight : weights.values()) {
            if (GroupTargets.isAmbiguous(weight.module(), config)) {
                continue;
            }
            Scheme scheme = schemeOf(weight);
            Scheme.Declared declared = scheme.methods().contains(config.method())
                    ? scheme.declared(weight.module(), config)
                    : Scheme.Declared.NOTHING;
            OptionalLong bits = declared.bits();
            if (bits.isPresent() && bits.getAsLong() != weight.format().bits()) {
                wrong.computeIfAbsent(
                                new Disagreement(
                                        "bits-disagree",
                                        "bits",
                                        bits.getAsLong(),
                                        weight.format().bits()),
                                any -> new ArrayList<>())
                        .add(weight);
            }
            OptionalLong group = declared.groupSize();
            if (group.isPresent() && !sameGroups(group.getAsLong(), weight)) {
                wrong.computeIfAbsent(
                                new Disagreement(
                                        "group-size-disagrees",
                                        "group_size",
                                        group.getAsLong(),
                                        weight.format().groupSize()),
                                any -> new ArrayList<>())
                        .add(weight);
            }
        }
        wrong.forEach((found, affected) -> findings.add(new Finding(
                found.id(),
                Severity.ERROR,
                config.source(),
                config.source() + " declares " + found.key() + " " + found.declared() + ", the tensors have "
                        + found.stored() + " in " + affected.size()
                        + (affected.size() == 1 ? " module: " : " modules, first ")
                        + affected.get(0).module(),
                "correct " + config.source() + "; a loader that trusts it fails or computes nonsense")));
    }

    /** What config and tensors disagree on; alike for many modules. */
    private record Disagreement(String id, String key, long declared, long stored) implements Comparable<Disagreement> {
        @Override
        public int compareTo(Disagreement other) {
            return Comparator.comparing(Disagreement::id)
                    .thenComparingLong(Disagreement::declared)
                    .thenComparingLong(Disagreement::stored)
                    .compare(this, other);
        }
    }

    private static boolean sameGroups(long declared, PackedWeight weight) {
        long columns = weight.shape().dimension(weight.shape().rank() - 1);
        long stored = weight.format().groupSize();
        boolean whole = declared <= 0 || declared >= columns;
        return whole ? stored <= 0 || stored >= columns : declared == stored;
    }

    /** Modules that the config declares quantized and that lack what their loader looks for. */
    private void addDeclaredButAbsent(
            QuantizationConfig config, ModelPlan plan, SortedMap<String, TensorInfo> tensors) {
        Set<String> packed = modules.keySet().stream().map(plan::resolve).collect(Collectors.toSet());
        Map<String, TensorInfo> stored = new TreeMap<>();
        tensors.forEach((name, tensor) -> stored.put(plan.resolve(name), tensor));
        Optional<Scheme> scheme = schemeOf(config);
        for (Parameter parameter : new DeclaredModules(config, exclusions, plan).weights()) {
            if (packed.contains(parameter.module())) {
                continue;
            }
            TensorInfo weight = stored.get(parameter.name());
            if (weight != null && exclusions.excludes(weight.name().replaceFirst("\\.weight$", ""))) {
                continue;
            }
            List<String> required = scheme.map(known -> known.required(parameter.module(), config))
                    .orElse(List.of());
            if (weight != null && FloatTypes.isFullPrecision(weight.type()) && isKnown(config.method())) {
                unpacked.add(parameter.module());
            }
            required.stream()
                    .map(part -> parameter.module() + "." + part)
                    .filter(name -> !stored.containsKey(name))
                    .forEach(reading.missing()::add);
            if (!required.isEmpty()) {
                replaced.add(parameter.name());
            }
            if (!required.isEmpty() && !required.contains("weight")) {
                if (weight == null) {
                    explained.add(parameter.name());
                } else {
                    unread.add(weight.name());
                }
            }
        }
    }

    /** The scheme of the stored modules; where none is stored, a scheme of the declared method. */
    private Optional<Scheme> schemeOf(QuantizationConfig config) {
        // auto-round packs as GPTQ or as AWQ does, which only tensors can tell.
        boolean told = !config.method().equals("auto-round");
        return (modules.isEmpty() && told ? Schemes.all().stream() : modules.values().stream())
                .filter(scheme -> scheme.methods().contains(config.method()))
                .findFirst();
    }

    private static boolean isKnown(String method) {
        return Schemes.ofMethod(method).findAny().isPresent();
    }

    private Scheme schemeOf(PackedWeight weight) {
        return Objects.requireNonNull(schemeOf.get(weight.parameter()));
    }

    /** Whether any weight is stored quantized, or a config says so. */
    public boolean isPresent() {
        return !modules.isEmpty() || !configs.isEmpty() || unknownFormat != null;
    }

    /** The format of the weights, where no scheme here reads it; then nothing else is said of the quantization. */
    public Optional<UnknownFormat> unknownFormat() {
        return Optional.ofNullable(unknownFormat);
    }

    /**
     * Refuses weights that cannot be read.
     *
     * @throws UnknownFormatException if the weights are stored in a format that is not known here
     */
    public void requireKnownFormat() {
        if (unknownFormat != null) {
            throw new UnknownFormatException(unknownFormat, reading.checkpoint().folder());
        }
    }

    /**
     * The stored tensors whose elements are what their type says, sorted by name: all but packed codes under the label of a
     * float type. Where the format is not known, those in full precision alone.
     */
    public List<TensorInfo> numbers() {
        return reading.checkpoint().tensors().values().stream()
                .filter(tensor -> !tensor.type().isFloatingPoint() || !codes.contains(tensor.name()))
                .filter(tensor -> unknownFormat == null || FloatTypes.isFullPrecision(tensor.type()))
                .toList();
    }

    /** What the artifact's files declare; the first is what transformers reads. */
    public List<QuantizationConfig> configs() {
        return List.copyOf(configs);
    }

    /** The weights that can be decoded, by the name that they have when decoded. */
    public SortedMap<String, PackedWeight> weights() {
        return Collections.unmodifiableSortedMap(weights);
    }

    /** The packed weight that decodes to {@code parameter}, named as it is stored or as the architecture names it. */
    public Optional<PackedWeight> find(String parameter) {
        return Optional.ofNullable(weights.get(parameter)).or(() -> Optional.ofNullable(byParameter.get(parameter)));
    }

    /** Modules that are stored quantized, whether or not all their parts are there. */
    public NavigableSet<String> modules() {
        return Collections.unmodifiableNavigableSet(new TreeSet<>(modules.keySet()));
    }

    /** The formats that occur, each with its number of weights, the most frequent first. */
    public Map<StorageFormat, Long> formats() {
        Map<StorageFormat, Long> counts = weights.values().stream()
                .collect(Collectors.groupingBy(PackedWeight::format, LinkedHashMap::new, Collectors.counting()));
        return counts.entrySet().stream()
                .sorted(Map.Entry.<StorageFormat, Long>comparingByValue().reversed())
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
    }

    /** The formats that occur, for people, such as {@code gptq 4-bit g128 sym}; {@code unquantized} where there is none. */
    public String label() {
        String labels =
                formats().keySet().stream().map(StorageFormat::label).sorted().collect(Collectors.joining(", "));
        return labels.isEmpty() ? "unquantized" : labels;
    }

    /** Other readings of the tensors of {@code weight}, by the finding that one of them would be. */
    public Map<String, Codec> alternatives(PackedWeight weight) {
        return schemeOf(weight).alternatives(weight);
    }

    /**
     * The codec that quantizes a changed {@code weight} as it is stored, for formats that their own library quantizes again;
     * decodes in float32.
     */
    public Optional<Codec> requantization(PackedWeight weight) {
        return schemeOf(weight).requantization(weight);
    }

    /** What the values of small parts of {@code weight} show to be wrong. */
    public List<Finding> valueFindings(PackedWeight weight) {
        return schemeOf(weight).valueFindings(weight, reading.checkpoint(), reading.config());
    }

    /** Parts that quantized modules lack, by full name. */
    public NavigableSet<String> missing() {
        return Collections.unmodifiableNavigableSet(reading.missing());
    }

    /** Weights stored unquantized that a loader, told so by the config, does not look for. */
    public NavigableSet<String> unread() {
        return Collections.unmodifiableNavigableSet(unread);
    }

    /** Modules declared quantized whose weight is stored in full precision, by their name in the architecture. */
    public NavigableSet<String> unpacked() {
        return Collections.unmodifiableNavigableSet(unpacked);
    }

    /** Whether a tensor of this name stands, or is gone, because its module is quantized. */
    public boolean explains(String name) {
        return explained.contains(name);
    }

    /**
     * {@code plain}, which knows nothing of quantization, as a loader that does would make it; {@code plain} itself where
     * no config tells the loader of any.
     */
    public LoadReport adapt(LoadReport plain) {
        if (configs.isEmpty()) {
            return plain;
        }
        NavigableSet<String> missing = new TreeSet<>(plain.missing());
        missing.removeIf(this::explains);
        missing.addAll(missing());
        NavigableSet<String> unexpected = new TreeSet<>(plain.unexpected());
        unexpected.removeIf(this::explains);
        unexpected.addAll(unread);
        List<LoadReport.Mismatch> mismatched = new ArrayList<>(plain.mismatched());
        mismatched.removeIf(mismatch -> explains(mismatch.name()));
        reading.mismatched()
                .forEach(part -> mismatched.add(new LoadReport.Mismatch(part.name(), part.expected(), part.stored())));
        for (PackedWeight weight : weights.values()) {
            reading.expected(weight.module())
                    .filter(shape -> !shape.equals(weight.shape()))
                    .ifPresent(shape ->
                            mismatched.add(new LoadReport.Mismatch(weight.parameter(), shape, weight.shape())));
        }
        mismatched.sort(Comparator.comparing(LoadReport.Mismatch::name));
        return plain.with(List.copyOf(missing), List.copyOf(unexpected), mismatched, lookedFor(plain.checked()));
    }

    /** The number of tensors that a loader looks for, of which a quantized module has several in the place of one. */
    private int lookedFor(int parameters) {
        Set<String> parts = new TreeSet<>(explained);
        parts.retainAll(reading.checkpoint().tensors().keySet());
        parts.addAll(reading.missing());
        long weights = replaced.stream().filter(reading::isParameter).count();
        return parameters - Math.toIntExact(weights) + parts.size();
    }

    /** Whether every stored tensor is in full precision, whatever a config declares. */
    public boolean storesNone() {
        return modules.isEmpty()
                && unknownFormat == null
                && reading.checkpoint().tensors().values().stream()
                        .filter(tensor -> tensor.name().endsWith(".weight"))
                        .allMatch(tensor -> FloatTypes.isFullPrecision(tensor.type()));
    }

    /** Whether the first config declares weights quantized by a method that is known here. */
    public boolean declaresWeights() {
        return !configs.isEmpty()
                && isKnown(configs.get(0).method())
                && (!configs.get(0).method().equals("compressed-tensors")
                        || !DeclaredGroups.targets(configs.get(0)).isEmpty())
                && (!configs.get(0).method().equals("modelopt")
                        || !configs.get(0).text("quant_algo").isEmpty());
    }

    /** Which modules the config leaves out. */
    public ModuleExclusions exclusions() {
        return exclusions;
    }

    /** What is wrong or odd about it. */
    public List<Finding> findings() {
        return List.copyOf(findings);
    }
}
