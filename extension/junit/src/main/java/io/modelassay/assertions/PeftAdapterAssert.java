package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.AdapterReport;
import io.modelassay.adapter.KeyLeftover;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.adapter.TrainingState;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ScanReport;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.compatibility.Library;
import io.modelassay.failure.Counted;
import io.modelassay.quantization.ModulePattern;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.assertj.core.api.AbstractAssert;
import org.jspecify.annotations.Nullable;

/**
 * Assertions on a PEFT adapter: its keys beside a base model, its values, and what it does to the model's outputs. Only the
 * last of these start an engine.
 */
@API(status = API.Status.EXPERIMENTAL)
public class PeftAdapterAssert extends AbstractAssert<PeftAdapterAssert, PeftAdapter> {
    private static final String WEIGHTS = "the folder that PeftModel.save_pretrained wrote";

    /** For {@link ModelAssertions#assertThat(PeftAdapter)}. */
    public PeftAdapterAssert(@Nullable PeftAdapter actual) {
        super(actual, PeftAdapterAssert.class);
    }

    /** PEFT finds every key that it looks for in {@code model}'s artifact, in its shape, and drops none. */
    public PeftAdapterAssert matchesKeysOf(ModelUnderTest model) {
        isNotNull();
        AdapterReport report = AdapterReport.of(actual, model.checkpoint());
        Check.of(model, "keys of adapter " + actual.name())
                .speakingOf("adapter", actual.name())
                .expecting(keysExpectedOf(model.checkpoint()))
                .none("keys", off(report))
                .onlyIf(!isEmpty(report))
                .among(report.expected().size() + " keys expected")
                .otherwise(failure -> keys(failure, report, model.checkpoint()))
                .ifPresent(this::fail);
        return this;
    }

    /** PEFT finds every key that it looks for in {@code base}, in its shape, and drops none. */
    public PeftAdapterAssert matchesKeysOf(Checkpoint base) {
        isNotNull();
        AdapterReport report = AdapterReport.of(actual, base);
        if (off(report) > 0 || isEmpty(report)) {
            fail(keys(Failure.expecting("adapter", actual.name(), keysExpectedOf(base)), report, base));
        }
        return this;
    }

    private static int off(AdapterReport report) {
        return report.missing().size()
                + report.unexpected().size()
                + report.mismatched().size();
    }

    private static boolean isEmpty(AdapterReport report) {
        return report.stored() == 0 || report.expected().isEmpty();
    }

    private static String keysExpectedOf(Checkpoint base) {
        return "to have the keys that PEFT looks for in <" + base.folder().getFileName() + ">";
    }

    private String keys(Failure failure, AdapterReport report, Checkpoint base) {
        String folders = actual.folder() + ", base " + base.folder();
        if (report.stored() == 0) {
            return nothing("tensors", WEIGHTS);
        }
        if (report.expected().isEmpty()) {
            return failure.but("target_modules "
                            + actual.config()
                                    .targetModules()
                                    .map(Object::toString)
                                    .orElse("none") + " names no module of it, so PEFT refuses the adapter")
                    .from(folders)
                    .then(trainedOn());
        }
        failure.but("of " + report.expected().size() + " expected keys "
                        + report.missing().size() + " "
                        + Failure.verb(report.missing().size(), "is", "are")
                        + " missing and " + report.mismatched().size() + " "
                        + Failure.verb(report.mismatched().size(), "has", "have") + " another shape, and of "
                        + Counted.of(report.stored(), "stored tensor") + " "
                        + report.unexpected().size() + " "
                        + Failure.verb(report.unexpected().size(), "has", "have") + " no place:")
                .entries(evidence(report));
        if (report.hasZeroEffect()) {
            failure.line("No module has all it needs, so the base would answer as if there were no adapter");
        }
        return failure.from(folders).then(cure(report));
    }

    private List<List<String>> evidence(AdapterReport report) {
        List<List<String>> items = new ArrayList<>();
        Set<String> shown = new LinkedHashSet<>();
        for (AdapterReport.Mismatch mismatch : report.mismatched()) {
            items.add(List.of(mismatch.name() + " is stored as " + mismatch.stored() + ", PEFT would make "
                    + mismatch.expected()));
        }
        for (String missing : report.missing()) {
            // A search among all keys, so only for what is shown.
            Optional<String> near =
                    items.size() < Failure.SHOWN ? report.nearest(missing).filter(shown::add) : Optional.empty();
            items.add(near.map(found -> List.of("wanted " + missing, " found " + found))
                    .orElse(List.of("wanted " + missing)));
        }
        report.unexpected().stream()
                .filter(name -> !shown.contains(name))
                .forEach(name -> items.add(List.of(
                        "dropped " + name + " " + actual.weights().tensor(name).shape())));
        return items;
    }

    private String cure(AdapterReport report) {
        if (!report.renamed().isEmpty()) {
            KeyLeftover leftover = report.renamed()
                    .values()
                    .iterator()
                    .next()
                    .leftovers()
                    .iterator()
                    .next();
            return leftover.cure();
        }
        if (report.isFullModel()) {
            return "the adapter: this file holds the model itself";
        }
        if (!report.mismatched().isEmpty() && report.mismatched().stream().allMatch(AdapterReport.Mismatch::byRank)) {
            return "r and rank_pattern of the tensors in adapter_config.json";
        }
        return trainedOn();
    }

    private String trainedOn() {
        return "the base that the adapter was trained on"
                + actual.config().baseModel().map(name -> " (" + name + ")").orElse("")
                + ", or target_modules that name what the file holds";
    }

    /** No tensor holds a NaN or an infinity. An adapter without tensors fails. */
    public PeftAdapterAssert hasOnlyFiniteWeights() {
        isNotNull();
        ScanReport scan = ValueScan.create().scan(actual.weights());
        requireSomething(scan.tensors().size(), "tensors to scan");
        List<TensorScan> broken = scan.nonFinite();
        if (!broken.isEmpty()) {
            fail(Failure.expecting("adapter", actual.name(), "to have only finite weights")
                    .but(broken.size() + " of " + Counted.of(scan.tensors().size(), "tensor") + " "
                            + Failure.verb(broken.size(), "holds", "hold") + " NaN or infinities:")
                    .items(broken.stream()
                            .map(found -> AbstractArtifactAssert.describe(found, ""))
                            .toList())
                    .from(actual.folder().toString())
                    .then("an earlier checkpoint of the training; no later step repairs it"));
        }
        return this;
    }

    /**
     * Training has moved what starts where the adapter changes nothing, such as LoRA's second half at zero. Fails if none of
     * these tensors has moved, and if the method has none of them in the file.
     */
    public PeftAdapterAssert isTrained() {
        isNotNull();
        TrainingState state = TrainingState.of(actual);
        requireSomething(state.checked(), "tensors that training moves away from where they change nothing");
        isTrained(state);
        return this;
    }

    private void isTrained(TrainingState state) {
        if (state.isUntrained()) {
            fail(Failure.expecting("adapter", actual.name(), "to be trained")
                    .but(Counted.of(state.checked(), "tensor") + " of "
                            + actual.config().peftType() + " that start where they change nothing "
                            + Failure.verb(state.checked(), "is", "are") + " still there:")
                    .items(state.untouched())
                    .from(actual.folder().toString())
                    .then("the parameters that were trained; saved too early, or from another copy of the model"));
        }
    }

    /** Every tensor that has a rank has this one. */
    public PeftAdapterAssert hasRank(int rank) {
        isNotNull();
        List<Long> ranks = actual.ranks();
        requireSomething(ranks.size(), "tensors that have a rank");
        if (!ranks.equals(List.of((long) rank))) {
            fail(Failure.expecting("adapter", actual.name(), "to have rank " + rank)
                    .but("its tensors have " + (ranks.size() == 1 ? "rank " + ranks.get(0) : "ranks " + ranks)
                            + ", its config r " + actual.config().rank())
                    .from(actual.folder().toString())
                    .then(
                            ranks.size() == 1
                                    ? "hasRank(" + ranks.get(0) + "), or the adapter that was meant"
                                    : "rank_pattern gives modules ranks of their own; PeftAdapter.ranks() lists them"));
        }
        return this;
    }

    /**
     * Each of {@code modules} names at least one module that the file holds tensors for: by its end as {@code
     * target_modules} does, or as a pattern with {@code *} over the whole name.
     */
    public PeftAdapterAssert targets(String... modules) {
        isNotNull();
        List<String> held = actual.modules();
        requireSomething(modules.length, "names to check", "targets with the names of modules");
        requireSomething(held.size(), "modules");
        List<String> without = new ArrayList<>();
        for (String wanted : modules) {
            ModulePattern pattern = ModulePattern.of(wanted);
            if (held.stream().noneMatch(name -> name.endsWith("." + wanted) || pattern.matches(name))) {
                without.add(wanted);
            }
        }
        if (!without.isEmpty()) {
            fail(Failure.expecting("adapter", actual.name(), "to target " + String.join(", ", modules))
                    .but("none of its " + Counted.of(held.size(), "module") + " is named:")
                    .items(without)
                    .from(actual.folder().toString())
                    .then("the end of a module's name, such as "
                            + held.get(0).substring(held.get(0).lastIndexOf('.') + 1)));
        }
        return this;
    }

    /**
     * {@code version} of {@code library} would load the adapter on {@code base}, and it would do what its files say: no
     * error, no tensor dropped or missing in silence, no setting ignored. Warnings may come. Predicted from files; of
     * another library than PEFT, with the newest PEFT that is known.
     */
    public PeftAdapterAssert loadsIn(Library library, String version, Checkpoint base) {
        isNotNull();
        AdapterLoading loading = new AdapterLoading(actual, library, base);
        loading.failureIn(version).ifPresent(this::fail);
        return this;
    }

    /** As {@link #loadsIn}, and without a warning. */
    public PeftAdapterAssert loadsWithoutWarningsIn(Library library, String version, Checkpoint base) {
        isNotNull();
        AdapterLoading loading = new AdapterLoading(actual, library, base);
        loading.warningIn(version).ifPresent(this::fail);
        return this;
    }

    /** Every known version up to {@code to} behaves like {@code from}, even if that is an error. */
    public PeftAdapterAssert loadsAlikeIn(Library library, String from, String to, Checkpoint base) {
        isNotNull();
        AdapterLoading loading = new AdapterLoading(actual, library, base);
        loading.changeBetween(from, to).ifPresent(this::fail);
        return this;
    }

    /**
     * The adapter, unmerged, changes what {@code model} predicts on some tokens spread over its vocabulary. Fails if it is
     * untrained.
     */
    public PeftAdapterAssert changesOutputsOf(ModelUnderTest model) {
        isNotNull();
        return changesOutputsOf(model, AdapterEffects.probe(model, actual));
    }

    /** The adapter, unmerged, changes what {@code model} predicts on {@code text}. Fails if it is untrained. */
    public PeftAdapterAssert changesOutputsOf(ModelUnderTest model, Text text) {
        isNotNull();
        isTrained(TrainingState.of(actual));
        new AdapterEffects(actual, model).withoutEffectOn(text).ifPresent(this::fail);
        return this;
    }

    /**
     * Merging keeps what the adapter does: on some tokens spread over the vocabulary, the merged model's predictions are
     * within {@value AdapterEffects#MERGE_LOSS} nats a token of the unmerged one's, by mean KL divergence.
     */
    public PeftAdapterAssert isMergeableInto(ModelUnderTest model) {
        isNotNull();
        return isMergeableInto(model, AdapterEffects.probe(model, actual), AdapterEffects.MERGE_LOSS);
    }

    /**
     * Merging keeps what the adapter does: on {@code text}, the merged model's predictions are within {@code maxMeanKl} nats a
     * token of the unmerged one's, by mean KL divergence.
     */
    public PeftAdapterAssert isMergeableInto(ModelUnderTest model, Text text, double maxMeanKl) {
        isNotNull();
        new AdapterEffects(actual, model).lostByMerging(text, maxMeanKl).ifPresent(this::fail);
        return this;
    }

    /**
     * The adapter was trained on {@code model}'s artifact, by content: {@code base_model_name_or_path} of its config is a
     * folder, absolute or relative to the adapter's or the present one, that holds the same. Fails if there is no such folder.
     */
    public PeftAdapterAssert wasTrainedOn(ModelUnderTest model) {
        isNotNull();
        String named = actual.config().baseModel().orElse("");
        Optional<Path> folder = named.isEmpty() ? Optional.empty() : baseFolder(named);
        if (folder.isEmpty()) {
            fail(
                    Failure.expecting("adapter", actual.name(), "to be trained on <" + model.name() + ">")
                            .but("its config names " + (named.isEmpty() ? "no base" : "the base \"" + named + "\"")
                                    + ", which is no folder here, so nothing has been compared")
                            .from(actual.folder().toString())
                            .then(
                                    "wasTrainedOn(model, sha256) with the content hash of the base, which checkpoint().contentHash() has"));
        }
        try (Checkpoint base = Checkpoint.open(folder.orElseThrow())) {
            return isTrainedOn(model, base.contentHash(), " (" + base.folder() + ")");
        }
    }

    /** The adapter was trained on {@code model}'s artifact: {@code sha256} is the content hash of the base of its training. */
    public PeftAdapterAssert wasTrainedOn(ModelUnderTest model, String sha256) {
        isNotNull();
        return isTrainedOn(model, sha256.toLowerCase(Locale.ROOT), "");
    }

    private PeftAdapterAssert isTrainedOn(ModelUnderTest model, String sha256, String where) {
        String found = model.checkpoint().contentHash();
        if (!found.equals(sha256)) {
            fail(Failure.expecting("adapter", actual.name(), "to be trained on <" + model.name() + ">")
                    .but("its base has the sha256 " + sha256 + where + ", and this model " + found)
                    .from(actual.folder() + ", base " + model.checkpoint().folder())
                    .then(trainedOn()));
        }
        return this;
    }

    private Optional<Path> baseFolder(String named) {
        try {
            return Stream.of(Path.of(named), actual.folder().resolve(named))
                    .filter(Files::isDirectory)
                    .findFirst();
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private void requireSomething(long count, String what) {
        requireSomething(count, what, WEIGHTS);
    }

    private void requireSomething(long count, String what, String nextStep) {
        if (count == 0) {
            fail(nothing(what, nextStep));
        }
    }

    private String nothing(String what, String nextStep) {
        return Failure.expecting("adapter", actual.name(), "to have " + what)
                .but("there are none, so nothing has been checked")
                .from(actual.folder().toString())
                .then(nextStep);
    }

    private void fail(String message) {
        failWithMessage("%s", message);
    }
}
