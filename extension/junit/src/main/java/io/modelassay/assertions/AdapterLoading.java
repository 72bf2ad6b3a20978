package io.modelassay.assertions;

import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.compatibility.AdapterPredictor;
import io.modelassay.compatibility.AdapterPredictor.VersionRange;
import io.modelassay.compatibility.Library;
import io.modelassay.compatibility.LibraryVersion;
import io.modelassay.compatibility.Outcome;
import io.modelassay.compatibility.Prediction;
import io.modelassay.failure.InvalidRequestException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What to say of how versions of a library would load an adapter; empty where there is nothing to say. */
final class AdapterLoading {
    private final PeftAdapter adapter;
    private final Library library;
    private final Checkpoint base;
    private final AdapterPredictor predictor;

    AdapterLoading(PeftAdapter adapter, Library library, Checkpoint base) {
        this.adapter = adapter;
        this.library = library;
        this.base = base;
        this.predictor = AdapterPredictor.of(adapter.folder(), base);
    }

    /** Of another library than PEFT, what the newest known PEFT makes of the adapter beside it. */
    private Prediction predict(LibraryVersion version) {
        List<LibraryVersion> known = AdapterPredictor.knownVersions();
        return library == Library.PEFT
                ? predictor.predict(version)
                : predictor.with(library, version).predict(known.get(known.size() - 1));
    }

    private String name() {
        return library == Library.PEFT ? "PEFT" : library.packageName();
    }

    Optional<String> failureIn(String version) {
        Prediction prediction = predict(LibraryVersion.of(version));
        return prediction.works()
                ? Optional.empty()
                : Optional.of(told("to load in " + name() + " " + version, prediction, end(prediction)));
    }

    Optional<String> warningIn(String version) {
        Prediction prediction = predict(LibraryVersion.of(version));
        String expectation = "to load without warnings in " + name() + " " + version;
        if (!prediction.works()) {
            return Optional.of(told(expectation, prediction, end(prediction)));
        }
        return prediction.outcome() == Outcome.CLEAN
                ? Optional.empty()
                : Optional.of(told(expectation, prediction, "it warns: " + prediction.message()));
    }

    private static String end(Prediction prediction) {
        return switch (prediction.outcome()) {
            case ERROR -> "PEFT raises " + prediction.exception() + ": " + prediction.message();
            case NOT_COVERED -> "there is no telling";
            default ->
                prediction.effect().isPresent()
                        ? switch (prediction.effect().get()) {
                            case NONE -> "it loads without effect" + (warns(prediction) ? "" : ", in silence");
                            case NOT_FINITE -> "it loads, and its values are not finite";
                            default ->
                                "it loads with another effect than its files say"
                                        + (warns(prediction) ? "" : ", in silence");
                        }
                        : "there is no telling";
        };
    }

    private static boolean warns(Prediction prediction) {
        return !prediction.warnings().isEmpty();
    }

    private String told(String expectation, Prediction prediction, String end) {
        Failure failure = Failure.expecting("adapter", adapter.name(), expectation + " on <" + baseName() + ">")
                .but(end);
        if (!prediction.cause().isEmpty()) {
            failure.line("because " + prediction.cause());
        }
        List<String> keys = new ArrayList<>();
        prediction.mismatched().forEach(name -> keys.add("refused " + name));
        prediction.missing().forEach(name -> keys.add("missing " + name));
        prediction.unexpected().forEach(name -> keys.add("dropped " + name));
        return failure.items(keys)
                .from(provenance())
                .then(prediction.cure().isEmpty() ? "loadsIn, which lets warnings pass" : prediction.cure());
    }

    Optional<String> changeBetween(String from, String to) {
        if (library != Library.PEFT) {
            throw new InvalidRequestException(
                    "Ranges of versions are known of PEFT, not of " + library.packageName(), "Library.PEFT");
        }
        LibraryVersion first = LibraryVersion.of(from);
        LibraryVersion last = LibraryVersion.of(to);
        Prediction known = predictor.predict(first);
        Prediction end = predictor.predict(last);
        String expectation = "to load alike in PEFT " + from + " to " + to + " on <" + baseName() + ">";
        for (Prediction one : List.of(known, end)) {
            if (one.outcome() == Outcome.NOT_COVERED) {
                return Optional.of(Failure.expecting("adapter", adapter.name(), expectation)
                        .but("there is no telling, since " + one.cause())
                        .from(provenance())
                        .then(one.cure()));
            }
        }
        List<VersionRange> between = predictor.ranges().stream()
                .filter(range -> range.last().isAtLeast(first) && last.isAtLeast(range.first()))
                .toList();
        if (between.stream().allMatch(range -> range.prediction().isLike(known)) && end.isLike(known)) {
            return Optional.empty();
        }
        return Optional.of(Failure.expecting("adapter", adapter.name(), expectation)
                .but("the outcome differs in " + between.size() + " version ranges:")
                .items(between.stream().map(VersionRange::toString).toList())
                .from(provenance())
                .then("a range of versions with one outcome, or an adapter saved for all of them"));
    }

    private String provenance() {
        return adapter.folder() + ", base " + base.folder();
    }

    private String baseName() {
        return String.valueOf(base.folder().getFileName());
    }
}
