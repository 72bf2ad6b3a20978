package io.modelassay.compatibility;

import io.modelassay.adapter.AdaptedBase;
import io.modelassay.adapter.BaseModules;
import io.modelassay.checkpoint.Checkpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * What versions of PEFT make of an adapter on a base model: {@code PeftModel.from_pretrained(base, folder)} and nothing
 * else. Reads the adapter's files once, and of the base its config or headers. No engine, no Python.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class AdapterPredictor {
    /** The version of transformers that is assumed where none is named. */
    public static final LibraryVersion TRANSFORMERS = LibraryVersion.of("4.57.6");

    /** The newest version of transformers whose behaviour is known. */
    public static final LibraryVersion NEWEST_TRANSFORMERS = LibraryVersion.of("5.24.0");

    /** Kinds of ends that keys and shapes decide. */
    private static final Set<String> OF_KEYS = Set.of(
            "shape-mismatch",
            "no-effect",
            "missing-keys",
            "partial-effect",
            "saved-module-absent",
            "setting-warned-of");

    private final AdapterFiles files;
    private final AdaptedBase base;
    private final Optional<String> modelType;
    private final PeftLoading.Surroundings surroundings;

    private AdapterPredictor(
            AdapterFiles files, AdaptedBase base, Optional<String> modelType, PeftLoading.Surroundings surroundings) {
        this.files = files;
        this.base = base;
        this.modelType = modelType;
        this.surroundings = surroundings;
    }

    /** Of the adapter in {@code folder}, whole or not, on {@code base}. */
    public static AdapterPredictor of(Path folder, Checkpoint base) {
        BaseModules modules = BaseModules.of(base);
        return new AdapterPredictor(
                AdapterFiles.in(folder, base),
                AdaptedBase.files(modules),
                modules.modelType(),
                new PeftLoading.Surroundings(TRANSFORMERS, Optional.empty(), BitsAndBytesBase.of(base, modules)));
    }

    /** Of the adapter in {@code folder}, whole or not, on a model of these modules, whatever class its config asks for. */
    public static AdapterPredictor of(Path folder, BaseModules base) {
        return new AdapterPredictor(
                AdapterFiles.in(folder),
                AdaptedBase.model(base),
                base.modelType(),
                new PeftLoading.Surroundings(TRANSFORMERS, Optional.empty(), Optional.empty()));
    }

    /**
     * The same beside {@code version} of transformers or of bitsandbytes.
     *
     * @throws IllegalArgumentException for another library
     */
    public AdapterPredictor with(Library library, LibraryVersion version) {
        return new AdapterPredictor(
                files,
                base,
                modelType,
                switch (library) {
                    case TRANSFORMERS ->
                        new PeftLoading.Surroundings(version, surroundings.bitsandbytes(), surroundings.packed());
                    case BITSANDBYTES ->
                        new PeftLoading.Surroundings(
                                surroundings.transformers(), Optional.of(version), surroundings.packed());
                    case PEFT -> throw new IllegalArgumentException("PEFT's version is what predict takes");
                });
    }

    /** The versions of PEFT whose behaviour is known, in ascending order. */
    public static List<LibraryVersion> knownVersions() {
        return PeftVersions.all().stream().map(PeftVersion::version).toList();
    }

    /** What {@code version} of PEFT makes of it. Where it does not work, the cure names versions in which it does. */
    public Prediction predict(LibraryVersion version) {
        Optional<PeftVersion> known = PeftVersions.find(version);
        if (known.isEmpty()) {
            return Prediction.notCovered(
                    Library.PEFT,
                    version,
                    "what PEFT " + version + " does is not known here",
                    "a version from " + knownVersions().get(0) + " to "
                            + knownVersions().get(knownVersions().size() - 1));
        }
        Prediction prediction = explained(predict(version, known.get()));
        return prediction.works() || prediction.outcome() == Outcome.NOT_COVERED
                ? prediction
                : prediction.with(prediction.cause(), cure(prediction));
    }

    /** What the newest known version of PEFT makes of it beside the newest known transformers. */
    public Prediction newest() {
        return with(Library.TRANSFORMERS, NEWEST_TRANSFORMERS)
                .predict(knownVersions().get(knownVersions().size() - 1));
    }

    /** With the reason why keys and shapes are not those that PEFT looks for, where one explains them. */
    private Prediction explained(Prediction prediction) {
        return prediction.works() || !OF_KEYS.contains(prediction.kind())
                ? prediction
                : files.causes(base).stream()
                        .findFirst()
                        .map(cause -> prediction.with(cause.message(), cause.nextStep()))
                        .orElse(prediction);
    }

    private String cure(Prediction prediction) {
        String elsewhere = ranges().stream()
                .filter(range -> range.prediction().works())
                .map(VersionRange::span)
                .collect(Collectors.joining(", "));
        if (!elsewhere.isEmpty()) {
            return "PEFT " + elsewhere + ", where it does what its files say"
                    + (prediction.cure().isEmpty() ? "" : "; or " + prediction.cure());
        }
        return prediction.cure().isEmpty()
                ? "the keys, shapes and settings that PEFT looks for; inspect --adapter names them"
                : prediction.cure();
    }

    private Prediction predict(LibraryVersion version, PeftVersion known) {
        try {
            return loaded(version, known, new PeftLoading(known, surroundings, files, base, modelType));
        } catch (Refusal e) {
            if (e.isNotCovered()) {
                return Prediction.notCovered(Library.PEFT, version, e.why, e.cure);
            }
            return new Prediction(
                    Library.PEFT,
                    version,
                    Optional.of(known.version()),
                    Outcome.ERROR,
                    e.kind,
                    e.type,
                    e.text(),
                    List.of(),
                    List.of(),
                    List.of(),
                    e.mismatched,
                    Optional.empty(),
                    e.why,
                    e.cure);
        }
    }

    private static Prediction loaded(LibraryVersion version, PeftVersion known, PeftLoading loading) {
        Effect effect = loading.effect();
        Outcome outcome =
                !loading.warnings.isEmpty() ? Outcome.WARN : effect == Effect.NONE ? Outcome.SILENT : Outcome.CLEAN;
        // The warning about keys comes last, and says more of the outcome than one about a setting or an unknown key.
        String message = loading.warnings.isEmpty()
                ? ""
                : loading.missing.isEmpty()
                        ? loading.settingWarned.orElse(loading.warnings.get(0))
                        : loading.warnings.get(loading.warnings.size() - 1);
        return new Prediction(
                Library.PEFT,
                version,
                Optional.of(known.version()),
                outcome,
                kind(loading, effect),
                "",
                message,
                List.copyOf(loading.warnings),
                List.copyOf(loading.missing),
                List.copyOf(loading.unexpected),
                List.of(),
                Optional.of(effect),
                loading.difference().orElse(effect == Effect.NONE ? loading.idleness() : ""),
                "");
    }

    private static String kind(PeftLoading loading, Effect effect) {
        return effect == Effect.NONE
                ? "no-effect"
                : !loading.missing.isEmpty() && !loading.warnings.isEmpty()
                        ? "missing-keys"
                        : !loading.warnings.isEmpty()
                                ? loading.settingWarned.isPresent() ? "setting-warned-of" : "unknown-config-key"
                                : effect == Effect.PARTIAL ? "partial-effect" : "";
    }

    /**
     * Neighbouring versions with the same outcome.
     *
     * @param first the first version
     * @param last the last one, which may be the same
     * @param prediction what the first makes of it
     */
    @API(status = API.Status.EXPERIMENTAL)
    public record VersionRange(LibraryVersion first, LibraryVersion last, Prediction prediction) {
        /** Such as {@code 0.14.0-0.20.0}. */
        public String span() {
            return first.equals(last) ? first.toString() : first + "-" + last;
        }

        /** Such as {@code 0.14.0-0.20.0 WARN}. */
        @Override
        public String toString() {
            return span() + " " + prediction.summary();
        }
    }

    /** All known versions. Neighbours with the same outcome form one range. */
    public List<VersionRange> ranges() {
        List<VersionRange> ranges = new ArrayList<>();
        for (PeftVersion known : PeftVersions.all()) {
            LibraryVersion version = known.version();
            Prediction prediction = predict(version, known);
            int last = ranges.size() - 1;
            if (last >= 0 && ranges.get(last).prediction().isLike(prediction)) {
                VersionRange range = ranges.get(last);
                ranges.set(last, new VersionRange(range.first(), version, range.prediction()));
            } else {
                ranges.add(new VersionRange(version, version, prediction));
            }
        }
        return List.copyOf(ranges);
    }
}
