package io.modelassay.cli;

import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Finding;
import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Perplexity;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A finished evaluation, as a document and for a person. */
record Evaluation(
        ModelUnderTest model,
        String textName,
        int textTokens,
        List<int[]> windows,
        Perplexity perplexity,
        Optional<Comparison> comparison,
        List<Finding> findings) {

    /** What {@code evaluate --json} prints. Members are described in docs/reference.md. */
    record Document(
            @Nullable AdapterInUse adapter,
            String device,
            String dtype,
            String engine,
            List<FindingDocument> findings,
            String model,
            double perplexity,
            String protocol,
            @Nullable Reference reference,
            double standardError,
            int textTokens,
            int tokens,
            int window,
            int windows) {}

    /** The adapter in the model. */
    record AdapterInUse(boolean merged, String name, String peftType, String sha256) {}

    /** The reference and the distance to it. */
    record Reference(
            String model,
            double perplexity,
            double standardError,
            double driftPercent,
            double driftStandardError,
            double meanKl,
            double meanKlStandardError,
            double top1Agreement,
            double top1AgreementStandardError,
            List<Layer> layerErrors) {}

    /** Relative error of a layer's output. */
    record Layer(String layer, double error) {}

    Document document() {
        return new Document(
                model.adapter()
                        .map(adapter -> new AdapterInUse(
                                model.mergesAdapter(),
                                adapter.name(),
                                adapter.config().peftType(),
                                adapter.contentHash()))
                        .orElse(null),
                perplexity.provenance().device().name().toLowerCase(Locale.ROOT),
                dtype(),
                perplexity.provenance().engine(),
                FindingDocument.of(findings),
                model.name(),
                perplexity.value(),
                perplexity.protocol(),
                comparison.map(this::reference).orElse(null),
                perplexity.standardError(),
                textTokens,
                perplexity.tokens(),
                windows.get(0).length,
                windows.size());
    }

    private String dtype() {
        return perplexity.provenance().dtype().name().toLowerCase(Locale.ROOT);
    }

    private Reference reference(Comparison to) {
        return new Reference(
                model.reference().name(),
                to.reference().value(),
                to.reference().standardError(),
                to.driftPercent(),
                to.driftStandardError(),
                to.klDivergence().mean(),
                to.klDivergence().standardError(),
                to.topTokenAgreement().mean(),
                to.topTokenAgreement().standardError(),
                to.layerErrors().stream()
                        .map(layer -> new Layer(layer.layer(), layer.error()))
                        .toList());
    }

    String text() {
        Layout layout = new Layout().title(model.name() + " on " + textName);
        layout.fact("perplexity", withError(perplexity.value(), perplexity.standardError(), 4));
        layout.fact(
                "measured on",
                Layout.plural(perplexity.tokens(), "predicted token") + " in "
                        + Layout.plural(windows.size(), "window") + " of "
                        + Layout.number(windows.get(0).length)
                        + "; the text has " + Layout.number(textTokens));
        layout.fact("protocol", perplexity.protocol());
        layout.fact("ran on", perplexity.provenance().toString());
        comparison.ifPresent(to -> {
            layout.title("Against " + model.reference().name()
                    + (model.quantization().isPresent() ? " unquantized" : ""));
            layout.fact(
                    "perplexity",
                    withError(to.reference().value(), to.reference().standardError(), 4));
            String sign = to.driftPercent() > 0 ? "+" : "";
            layout.fact(
                    "drift",
                    sign + Layout.decimal(to.driftPercent(), 2) + " % ± " + Layout.decimal(to.driftStandardError(), 2)
                            + " %");
            layout.fact(
                    "KL divergence",
                    withError(to.klDivergence().mean(), to.klDivergence().standardError(), 5) + " nats a token");
            layout.fact(
                    "top-1 agreement",
                    withError(
                                    100 * to.topTokenAgreement().mean(),
                                    100 * to.topTokenAgreement().standardError(),
                                    2)
                            + " %");
            layout.title("Relative error of each layer's output");
            layout.table(
                    List.of("layer", ">error"),
                    to.layerErrors().stream()
                            .map(layer -> List.of(layer.layer(), Layout.decimal(layer.error(), 5)))
                            .toList());
        });
        return layout.findings(findings).toString();
    }

    private static String withError(double value, double error, int digits) {
        return Layout.decimal(value, digits) + " ± " + Layout.decimal(error, digits);
    }
}
