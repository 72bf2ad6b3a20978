package io.modelassay;

import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.runtime.AdaptedWeights;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Weights;
import org.jspecify.annotations.Nullable;

/** A loaded model with an adapter; shares the model's weights, and owns nothing. */
final class AdaptedModel {
    private final LoadedModel base;
    private final AdapterPlan plan;
    private final String label;
    private @Nullable LanguageModel model;

    private AdaptedModel(LoadedModel base, AdapterPlan plan, String label) {
        this.base = base;
        this.plan = plan;
        this.label = label;
    }

    /** The adapter computed beside the weights. */
    static AdaptedModel beside(LoadedModel base, PeftAdapter adapter) {
        return new AdaptedModel(base, plan(base, adapter), " with " + adapter.name());
    }

    private static AdapterPlan plan(LoadedModel base, PeftAdapter adapter) {
        ModelPlan known = base.plan()
                .orElseGet(() -> Architectures.require(base.checkpoint().config()));
        known.decoder();
        return AdapterPlan.of(adapter, known);
    }

    PeftAdapter adapter() {
        return plan.adapter();
    }

    String label() {
        return label;
    }

    synchronized LanguageModel model() {
        if (model == null) {
            LanguageModel plain = base.model();
            Weights weights = new AdaptedWeights(plain.weights(), plan, plain.plan(), plain.engine());
            model = new LanguageModel(
                    plain.engine(),
                    plain.plan(),
                    weights,
                    plain.dtype(),
                    plain.identity() + label + " " + adapter().contentHash());
        }
        return model;
    }
}
