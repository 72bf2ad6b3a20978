package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.baseline.Baseline;
import io.modelassay.baseline.BaselineMode;
import io.modelassay.baseline.Baselines;
import io.modelassay.baseline.Measurement;
import io.modelassay.baseline.Mismatch;
import io.modelassay.checkpoint.Finding;
import io.modelassay.evaluation.Origin;
import io.modelassay.quantization.Quantization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A model held against the figures that somebody approved of. */
final class BaselineChecks implements Baselines.Subject {
    private static final String PLACEHOLDER = "{quantization}";
    private static final String NONE = "none";

    private final ModelUnderTest model;
    private final String id;
    private final Optional<Text> text;
    private final boolean exact;

    private BaselineChecks(ModelUnderTest model, String id, Optional<Text> text, boolean exact) {
        this.model = model;
        this.id = id;
        this.text = text;
        this.exact = exact;
    }

    static BaselineChecks of(ModelUnderTest model, String id) {
        return new BaselineChecks(
                model, id.replace(PLACEHOLDER, slug(model.quantizationLabel())), Optional.empty(), false);
    }

    BaselineChecks over(Text chosen) {
        return new BaselineChecks(model, id, Optional.of(chosen), exact);
    }

    BaselineChecks toTheBit() {
        return new BaselineChecks(model, id, text, true);
    }

    private static String storedAs(ModelUnderTest model) {
        return model.storedQuantization().weights().isEmpty()
                ? NONE
                : model.storedQuantization().label();
    }

    /** As part of a file's name: {@code int4-g128-rtn}. */
    private static String slug(String label) {
        return label.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.]+", "-");
    }

    /** The failure, if there is one. */
    Optional<String> mismatch() {
        Optional<Mismatch> found = model.baselines().hold(id, this);
        return Check.of(model, "baseline " + id)
                .expecting("to match the baseline " + id)
                .none("differences", found.map(Mismatch::count).orElse(0))
                .onlyIf(found.isEmpty())
                .on(text.map(Text::name).map(Origin::text).orElse(Origin.NONE))
                .otherwise(failure -> told(failure, found.orElseThrow()));
    }

    private String told(Failure failure, Mismatch found) {
        failure.but(found.found());
        found.lines().forEach(failure::from);
        if (found.provenance().isEmpty()) {
            failure.from(model.checkpoint().folder().toString());
        }
        found.provenance().forEach(failure::from);
        return failure.then(found.nextStep());
    }

    @Override
    public String owner() {
        return model.name() + " of " + model.checkpoint().folder() + keeping();
    }

    @Override
    public Object identity() {
        return List.of(
                model.checkpoint().folder(),
                model.reference().checkpoint().folder(),
                model.quantization(),
                model.adapter().map(PeftAdapter::contentHash),
                model.mergesAdapter());
    }

    private String keeping() {
        String names = model.quantization()
                .map(applied -> String.join(", ", applied.keep()))
                .orElse("");
        return names.isEmpty() ? "" : " keeping " + names;
    }

    @Override
    public Baseline measure(Optional<Baseline> recorded) {
        String dtype = model.dtype().name().toLowerCase(Locale.ROOT);
        Measurement measurement = new Measurement(model.checkpoint(), dtype)
                .fact(
                        "quantization",
                        model.quantization().map(Quantization::toString).orElse(NONE))
                .fact("stored_quantization", storedAs(model))
                .fact("adapter", adapter())
                .findings(ofContent(model.findings()))
                .stored(model.storedScan().tensors())
                .decoded(model.decodedScan());
        model.quantization().ifPresent(applied -> measurement.ranOn(model.provenance()));
        text.or(() -> recorded.flatMap(Baseline::textFile)
                        .map(Path::of)
                        .filter(Files::exists)
                        .map(Text::of))
                .ifPresent(chosen -> measure(chosen, measurement));
        boolean keepsHashes = model.baselines().mode() == BaselineMode.UPDATE
                && recorded.map(Baseline::tensors).isPresent();
        if (exact || keepsHashes) {
            measurement.everyBit(model.checkpoint());
        }
        return measurement.of(id, model.name());
    }

    private String adapter() {
        return model.adapter()
                .map(adapter -> (model.mergesAdapter() ? "merged " : "")
                        + adapter.config().peftType())
                .orElse(NONE);
    }

    /** Into how many files tensors are cut, and how they lie there, is not what the model is. */
    private List<Finding> ofContent(List<Finding> findings) {
        List<Finding> content = new ArrayList<>(findings);
        content.removeAll(model.checkpoint().notes());
        return content;
    }

    private void measure(Text chosen, Measurement measurement) {
        measurement.over(
                chosen.name(), chosen.file().map(BaselineChecks::fromModule).orElse(null), model.tokens(chosen));
        if (model.reference() == model) {
            measurement.perplexity(model.perplexity(chosen));
        } else {
            measurement.comparison(model.comparison(chosen));
        }
    }

    /** The path from the module's folder, the same on every machine; nothing for a file outside. */
    private static @Nullable String fromModule(Path file) {
        Path module = Path.of("").toAbsolutePath();
        Path absolute = file.toAbsolutePath().normalize();
        return absolute.startsWith(module)
                ? module.relativize(absolute).toString().replace('\\', '/')
                : null;
    }
}
