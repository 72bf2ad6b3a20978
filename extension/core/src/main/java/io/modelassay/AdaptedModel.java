package io.modelassay;

import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.quantization.Codec;
import io.modelassay.runtime.AdaptedWeights;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.MergedWeights;
import io.modelassay.runtime.RequantizedWeights;
import io.modelassay.runtime.Weights;
import java.util.Map;

/** A loaded model with an adapter; shares the model's weights, and owns nothing. */
final class AdaptedModel {
    private final LoadedModel base;
    private final AdapterPlan plan;
    private final boolean merged;
    private final Assembly assembly;
    private final Once<LanguageModel> model = new Once<>(this::assemble);

    /** How the adapter joins the weights that it was put beside. */
    private interface Assembly {
        Weights of(AdaptedWeights beside, LanguageModel base);
    }

    private AdaptedModel(LoadedModel base, AdapterPlan plan, boolean merged, Assembly assembly) {
        this.base = base;
        this.plan = plan;
        this.merged = merged;
        this.assembly = assembly;
    }

    /** The adapter computed beside the weights. */
    static AdaptedModel beside(LoadedModel base, PeftAdapter adapter) {
        AdapterPlan plan = plan(base, adapter);
        return new AdaptedModel(base, plan, false, (beside, model) -> beside);
    }

    /** The adapter merged into the weights; those that are quantized are quantized again. */
    static AdaptedModel merged(LoadedModel base, PeftAdapter adapter) {
        AdapterPlan plan = plan(base, adapter);
        plan.requireMergeable();
        Map<String, Codec> codecs = RequantizedWeights.codecs(plan.modules(), base.stored(), base.quantization());
        return new AdaptedModel(base, plan, true, (beside, model) -> {
            Weights merged = new MergedWeights(beside, plan, model.engine());
            return codecs.isEmpty() ? merged : new RequantizedWeights(merged, codecs, model.engine());
        });
    }

    private static AdapterPlan plan(LoadedModel base, PeftAdapter adapter) {
        ModelPlan known = base.plan().orElseGet(() -> Architectures.require(base.checkpoint()));
        known.decoder(); // refused before the engine starts
        return AdapterPlan.of(adapter, known);
    }

    PeftAdapter adapter() {
        return plan.adapter();
    }

    boolean isMerged() {
        return merged;
    }

    String label() {
        return (merged ? " merged with " : " with ") + adapter().name();
    }

    /** The model ready for forward passes; starts the engine. */
    LanguageModel model() {
        return model.get();
    }

    private LanguageModel assemble() {
        return model(assembly, merged ? "merged" : "beside");
    }

    /** The model with all that the adapter adds in its weights, unrounded; for comparing weights. */
    LanguageModel inWeights() {
        return model((beside, known) -> new MergedWeights(beside, plan, known.engine()), "in weights");
    }

    /** @param joined tells this assembly from the others in the model's identity */
    private LanguageModel model(Assembly chosen, String joined) {
        LanguageModel plain = base.model();
        AdaptedWeights beside = new AdaptedWeights(plain.weights(), plan, plain.plan(), plain.engine());
        String identity =
                plain.identity() + " with adapter " + joined + " " + adapter().contentHash();
        return new LanguageModel(
                plain.engine(),
                plain.plan(),
                chosen.of(beside, plain),
                plain.dtype(),
                identity,
                plain.name() + label());
    }
}
