package io.modelassay.inspection;

import io.modelassay.adapter.AdapterReport;
import io.modelassay.adapter.BaseModules;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.TokenizerVocabulary;
import io.modelassay.compatibility.Prediction;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeSet;

/** What to say of settings that name nothing, and of what stands beside the tensors. */
final class AdapterSettingFindings {
    private static final String CONFIG = "adapter_config.json";
    private static final String TOKENIZER = "tokenizer.json";

    private final PeftAdapter adapter;
    private final BaseModules base;
    private final Prediction verdict;
    private final AdapterReport report;
    private final List<Finding> findings = new ArrayList<>();

    private AdapterSettingFindings(PeftAdapter adapter, BaseModules base, Prediction verdict, AdapterReport report) {
        this.adapter = adapter;
        this.base = base;
        this.verdict = verdict;
        this.report = report;
    }

    static List<Finding> of(PeftAdapter adapter, Checkpoint base, Prediction verdict, AdapterReport report) {
        AdapterSettingFindings found = new AdapterSettingFindings(adapter, BaseModules.of(base), verdict, report);
        found.overwriting();
        found.patterns();
        found.tiedEnds();
        found.tokenizer();
        found.servers();
        return found.findings;
    }

    private void overwriting() {
        if (report.overwriting().isEmpty() || report.isFullModel()) {
            return;
        }
        add(
                "adapter-overwrites-base",
                verdict.works() ? Severity.WARNING : Severity.ERROR,
                report.overwriting().get(0),
                "The adapter holds weights of the base that its config does not name, and PEFT overwrites the base's with"
                        + " them in silence: " + NameGroup.summary(report.overwriting()),
                "name them in modules_to_save, or remove them from the file");
    }

    /** Keys of patterns that name neither a targeted module nor a targeted parameter. */
    private void patterns() {
        Collection<String> names = new TreeSet<>(report.targeted());
        names.addAll(report.targetedParameters());
        adapter.config()
                .unmatchedPatterns(names)
                .forEach((pattern, keys) -> add(
                        "adapter-pattern-unmatched",
                        Severity.WARNING,
                        CONFIG,
                        "The " + pattern + " keys " + String.join(", ", keys)
                                + " did not match any targeted module and are" + " ignored; PEFT says so from 0.21 on",
                        "correct " + pattern + ": a key is a regular expression for the end of a module's name"));
    }

    /** An adapter of one of two ends that are one. */
    private void tiedEnds() {
        List<String> ends = report.targeted().stream().filter(base::isEnd).toList();
        if (!base.isTied() || ends.isEmpty()) {
            return;
        }
        boolean ensured = adapter.config().ensuresWeightTying();
        add(
                "adapter-on-tied-ends",
                ensured ? Severity.INFO : Severity.WARNING,
                ends.get(0),
                "The base ties head and embedding, and the adapter is on " + String.join(" and ", ends) + ": "
                        + (ensured
                                ? "both are adapted alike; merging changes the weight that they share"
                                : "unmerged it changes one of them, merged it changes the other too, so that merging changes"
                                        + " the answers"),
                ensured
                        ? "nothing needs doing unmerged; check the answers after merging"
                        : "train with ensure_weight_tying, or do not merge");
    }

    /** A tokenizer that was saved with the adapter may have tokens that the base has no rows for. */
    private void tokenizer() {
        OptionalLong ids = Checkpoint.findFile(adapter.folder(), TOKENIZER)
                .map(TokenizerVocabulary::size)
                .orElse(OptionalLong.empty());
        OptionalLong rows = base.vocabulary();
        boolean told = report.causes().stream().anyMatch(cause -> cause.id().equals("adapter-vocabulary-resized"));
        if (ids.isEmpty() || rows.isEmpty() || ids.getAsLong() <= rows.getAsLong() || told) {
            return;
        }
        long more = ids.getAsLong() - rows.getAsLong();
        add(
                "adapter-tokens-without-rows",
                Severity.ERROR,
                TOKENIZER,
                more + " ids of the adapter's tokenizer, " + rows.getAsLong() + " to " + (ids.getAsLong() - 1)
                        + ", have no row in the base, whose embedding has " + rows.getAsLong()
                        + "; a text with one of them"
                        + " fails",
                "the base with resize_token_embeddings(" + ids.getAsLong()
                        + ") and the rows that were trained, or the base's" + " tokenizer");
    }

    /** PEFT stores the base's weight of an end that it adapts; servers have no use for it. */
    private void servers() {
        List<String> weights = adapter.weights().tensors().keySet().stream()
                .filter(key -> key.endsWith(".base_layer.weight"))
                .toList();
        if (!weights.isEmpty() && verdict.works()) {
            add(
                    "adapter-refused-by-vllm",
                    Severity.INFO,
                    weights.get(0),
                    "The adapter holds the base's weight as well (" + String.join(", ", weights)
                            + "), which PEFT loads and which vLLM refuses as a key that is not LoRA's",
                    "save with save_embedding_layers=False to serve it with vLLM");
        }
    }

    private void add(String id, Severity severity, String subject, String message, String nextStep) {
        findings.add(new Finding(id, severity, subject, message, nextStep));
    }
}
