package io.modelassay.inspection;

import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.compatibility.AdapterPredictor;
import io.modelassay.compatibility.Library;
import io.modelassay.compatibility.LibraryVersion;
import io.modelassay.compatibility.Outcome;
import io.modelassay.compatibility.Prediction;
import java.util.List;
import java.util.Optional;

/** The verdict of {@code predict} on the newest known versions, where the other findings do not say it yet. */
final class AdapterVerdictFindings {
    private static final String CONFIG = "adapter_config.json";

    private AdapterVerdictFindings() {}

    /** Nothing where the adapter works, or where an error among the findings says why it does not. */
    static Optional<Finding> of(PeftAdapter adapter, AdapterPredictor predictor, Prediction verdict, boolean holds) {
        if (verdict.works() || !holds) {
            return Optional.empty();
        }
        String peft = "PEFT " + verdict.version();
        if (verdict.outcome() == Outcome.NOT_COVERED) {
            return Optional.of(new Finding(
                    "adapter-method-not-covered",
                    Severity.INFO,
                    CONFIG,
                    "Keys and effect beside " + peft + " have not been checked: " + verdict.cause(),
                    "load it once with PEFT; nothing here speaks against it"));
        }
        if (verdict.kind().equals("unknown-peft-type")) {
            return Optional.of(new Finding(
                    "adapter-method-unknown",
                    Severity.ERROR,
                    CONFIG,
                    "peft_type \"" + adapter.config().peftType() + "\": " + verdict.cause() + "; PEFT raises "
                            + verdict.exception() + ": " + verdict.message(),
                    verdict.cure()));
        }
        LibraryVersion four = AdapterPredictor.TRANSFORMERS;
        if (verdict.kind().equals("shape-mismatch")
                && predictor
                        .with(Library.TRANSFORMERS, four)
                        .predict(verdict.version())
                        .works()) {
            return Optional.of(new Finding(
                    "adapter-for-transformers-4",
                    Severity.WARNING,
                    first(verdict.mismatched(), adapter),
                    peft + " loads the adapter beside transformers " + four + " and raises a size mismatch beside "
                            + AdapterPredictor.NEWEST_TRANSFORMERS + ", which holds the experts with their sides the"
                            + " other way round",
                    "say which versions the adapter is for, or train it beside transformers 5"));
        }
        return Optional.of(new Finding(
                "adapter-does-not-load",
                Severity.ERROR,
                first(verdict.mismatched().isEmpty() ? verdict.unexpected() : verdict.mismatched(), adapter),
                peft + " beside transformers " + AdapterPredictor.NEWEST_TRANSFORMERS + ": " + verdict.summary()
                        + (verdict.cause().isEmpty() ? "" : "; " + verdict.cause()),
                verdict.cure()));
    }

    private static String first(List<String> names, PeftAdapter adapter) {
        return names.isEmpty() ? adapter.name() : names.get(0);
    }
}
