package io.modelassay.inspection;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.LoaderRules;
import io.modelassay.architecture.ModelHead;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.ModelPlan.Layers;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Puts a load report into words: a few causes, each with all that it explains, then what no cause explains. The ids are
 * public; docs/reference.md lists them.
 */
final class LoadFindings {
    private static final String CONFIG = "config.json";

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,6}");

    private final Checkpoint checkpoint;
    private final ModelPlan plan;
    private final LoadReport report;
    private final NavigableSet<String> missing;
    private final NavigableSet<String> unexpected;
    private final Set<String> renamed = new TreeSet<>();
    private final List<Finding> findings = new ArrayList<>();

    private LoadFindings(Checkpoint checkpoint, ModelPlan plan, LoadReport report) {
        this.checkpoint = checkpoint;
        this.plan = plan;
        this.report = report;
        this.missing = new TreeSet<>(report.missing());
        this.unexpected = new TreeSet<>(report.unexpected());
    }

    static LoadFindings of(
            Checkpoint checkpoint, ModelPlan plan, LoadReport report, StoredQuantization packed, ExpertSets experts) {
        LoadFindings words = new LoadFindings(checkpoint, plan, report);
        words.findings.addAll(experts.findings());
        words.missing.removeIf(experts::tellsOf);
        words.renamedPrefixes();
        words.leaveToQuantization(packed);
        plan.layers().forEach(words::layers);
        for (Finding finding : TiedHead.findings(checkpoint, plan, report)) {
            words.findings.add(finding);
            words.missing.remove(finding.subject());
        }
        words.unusedBiases();
        words.headOfAnotherClass();
        words.whatIsLeft();
        return words;
    }

    List<Finding> all() {
        return findings;
    }

    /** Expected names that are there under another prefix. */
    Set<String> renamed() {
        return renamed;
    }

    private void add(String id, Severity severity, String subject, String message, String nextStep) {
        findings.add(new Finding(id, severity, subject, message, nextStep));
    }

    private void renamedPrefixes() {
        List<String> strange = checkpoint.tensors().keySet().stream()
                .filter(name -> plan.parameter(plan.resolve(name)).isEmpty())
                .toList();
        for (PrefixRenaming renaming : PrefixRenaming.find(missing, strange)) {
            int count = renaming.names().size();
            add(
                    "renamed-prefix",
                    Severity.ERROR,
                    renaming.names().keySet().iterator().next(),
                    count + " of " + plan.parameters().size() + " expected tensors are stored under another prefix: "
                            + renaming.inWords()
                            + "; a loader would ignore them and initialize the parameters at random",
                    renaming.cure());
            renamed.addAll(renaming.names().values());
            renaming.names().values().forEach(missing::remove);
            renaming.names().keySet().forEach(unexpected::remove);
            plan.tied().stream()
                    .filter(group -> group.stream().anyMatch(renaming.names()::containsValue))
                    .forEach(missing::removeAll);
        }
        if (!report.renamed().isEmpty()) {
            acceptedPrefix();
        }
    }

    /** Names that the loader finds although they lack the base model's prefix, or have it twice. */
    private void acceptedPrefix() {
        LoadReport other = LoadReport.of(checkpoint, plan, LoaderRules.TRANSFORMERS_4);
        Map.Entry<String, String> first = report.renamed().entrySet().iterator().next();
        boolean refused = other.refusal().isPresent()
                || !other.renamed().keySet().containsAll(report.renamed().keySet());
        add(
                "renamed-prefix",
                Severity.INFO,
                first.getKey(),
                report.renamed().size() + " tensors are stored "
                        + (first.getKey().length() < first.getValue().length() ? "without" : "with one more of")
                        + " the prefix \"" + plan.basePrefix() + ".\"; "
                        + report.rules().loader()
                        + " finds them all the same, " + LoaderRules.TRANSFORMERS_4.loader() + " "
                        + other.refusal().orElse(refused ? "does not" : "does too"),
                "save the model with its head, not the base model inside it");
    }

    /** What a finding on the quantization tells of. */
    private void leaveToQuantization(StoredQuantization packed) {
        packed.missing().forEach(missing::remove);
        packed.unread().forEach(unexpected::remove);
        KvCacheScales.of(checkpoint, packed.configs()).names().forEach(unexpected::remove);
        if (packed.configs().isEmpty()) {
            missing.removeIf(packed::explains);
            unexpected.removeIf(packed::explains);
        }
    }

    private void layers(Layers layers) {
        Collection<String> beyond = of(layers, unexpected, layers.count(), Integer.MAX_VALUE);
        if (!beyond.isEmpty()) {
            add(
                    "layers-beyond-config",
                    Severity.ERROR,
                    layers.prefix(),
                    beyond.size() + " tensors of layers " + PrecisionGroup.ranges(beyond) + " are stored, but "
                            + layers.key() + " in config.json is " + layers.count() + "; a loader would ignore them",
                    "use the config.json that belongs to these weights");
            beyond.forEach(unexpected::remove);
        }
        int stored = 1
                + checkpoint.tensors().keySet().stream()
                        .map(plan::resolve)
                        .mapToInt(name -> number(layers, name))
                        .max()
                        .orElse(-1);
        Collection<String> absent = of(layers, missing, stored, layers.count());
        if (stored > 0 && !absent.isEmpty()) {
            add(
                    "layers-missing",
                    Severity.ERROR,
                    layers.prefix(),
                    absent.size() + " parameters of layers " + PrecisionGroup.ranges(absent) + " are not stored, "
                            + layers.key() + " in config.json is " + layers.count()
                            + "; a loader would initialize them at random",
                    "use the config.json that belongs to these weights, or save all layers");
            absent.forEach(missing::remove);
        }
    }

    private List<String> of(Layers layers, Collection<String> names, int from, int to) {
        return names.stream()
                .filter(name -> {
                    int number = number(layers, plan.resolve(name));
                    return number >= from && number < to;
                })
                .toList();
    }

    /** The layer that {@code name} lies in, or -1. */
    private static int number(Layers layers, String name) {
        String prefix = layers.prefix() + ".";
        if (!name.startsWith(prefix)) {
            return -1;
        }
        int end = name.indexOf('.', prefix.length());
        String number = name.substring(prefix.length(), end < 0 ? name.length() : end);
        return NUMBER.matcher(number).matches() ? Integer.parseInt(number) : -1;
    }

    /** Judged by their values, a few bytes each. */
    private void unusedBiases() {
        List<UnusedBias> biases = UnusedBiases.of(checkpoint, report).stream()
                .filter(bias -> unexpected.contains(bias.name()))
                .toList();
        findings.addAll(UnusedBiases.findings(biases));
        biases.forEach(bias -> unexpected.remove(bias.name()));
    }

    /**
     * The head of the language model in a file whose class has none: {@code AutoModel} reports it as unexpected, and
     * {@code AutoModelForCausalLM} loads all of it, since it does not look at the class.
     */
    private void headOfAnotherClass() {
        if (plan.modelClass().head() == ModelHead.LANGUAGE_MODEL
                || plan.modelClass().head() == ModelHead.UNKNOWN) {
            return;
        }
        Architectures.find(checkpoint, ModelHead.LANGUAGE_MODEL).stream()
                .flatMap(causal -> causal.parameters().stream())
                .filter(parameter -> parameter.kind() == Parameter.Kind.HEAD)
                .filter(parameter -> checkpoint
                        .find(parameter.name())
                        .filter(tensor -> tensor.shape().equals(parameter.shape()))
                        .isPresent())
                .map(Parameter::name)
                .filter(unexpected::remove)
                .forEach(head -> add(
                        "head-of-another-class",
                        Severity.WARNING,
                        head,
                        "The checkpoint holds the head of a language model, and "
                                + plan.modelClass().name()
                                + " of config.json's architectures has none: a loader of that class reports it as"
                                + " unexpected and leaves it out, AutoModelForCausalLM uses it",
                        "name the class ForCausalLM in architectures, or remove the head"));
    }

    private void whatIsLeft() {
        ShardedState sharded = ShardedState.of(report);
        findings.addAll(sharded.findings());
        unexpected.removeAll(sharded.names());
        if (sharded.hidesParameters()) {
            missing.clear();
        }
        for (NameGroup group : NameGroup.of(missing)) {
            add(
                    "missing-tensor",
                    Severity.ERROR,
                    group.subject(),
                    group.isOne()
                            ? "The architecture has this parameter, the checkpoint does not; a loader would initialize"
                                    + " it at random"
                            : "The architecture has these parameters, " + group.extent()
                                    + ", the checkpoint does not; a loader would initialize them at random",
                    "save the checkpoint again, or correct " + CONFIG);
        }
        Map<String, String> shapes = report.mismatched().stream()
                .collect(Collectors.toMap(
                        LoadReport.Mismatch::name,
                        mismatch -> mismatch.stored() + ", config.json asks for " + mismatch.expected(),
                        (a, b) -> a,
                        TreeMap::new));
        shapes.keySet().removeAll(sharded.names());
        VocabularyRows vocabulary = VocabularyRows.of(checkpoint, plan, report);
        vocabulary.finding().ifPresent(findings::add);
        shapes.keySet().removeAll(vocabulary.names());
        for (NameGroup group : NameGroup.by(shapes.keySet(), name -> shapes.getOrDefault(name, ""))) {
            String shape = shapes.getOrDefault(group.names().get(0), "");
            add(
                    "shape-mismatch",
                    Severity.ERROR,
                    group.subject(),
                    group.isOne()
                            ? "The tensor is stored as " + shape
                            : "These tensors, " + group.extent() + ", are stored as " + shape,
                    "use the config.json that belongs to these weights");
        }
        for (NameGroup group : NameGroup.of(unexpected)) {
            add(
                    "unexpected-tensor",
                    Severity.ERROR,
                    group.subject(),
                    group.isOne()
                            ? "The checkpoint holds this tensor, the architecture has no place for it; a loader would"
                                    + " ignore it"
                            : "The checkpoint holds these tensors, " + group.extent()
                                    + ", the architecture has no place for them; a loader would ignore them",
                    "remove it, or check that model_type in config.json is right");
        }
    }
}
