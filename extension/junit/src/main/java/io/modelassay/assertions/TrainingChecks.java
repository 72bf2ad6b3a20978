package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.adapter.IntegerGradient;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Limit.Direction;
import io.modelassay.evaluation.Measure;
import io.modelassay.evaluation.Origin;
import io.modelassay.evaluation.TrainingStep;
import io.modelassay.failure.Counted;
import java.util.List;
import java.util.Optional;

/** What keeps an adapter from being trained on a model; each check is recorded, and gives the failure where it has one. */
final class TrainingChecks {
    private static final String REFUSAL =
            "PyTorch refuses that: \"only Tensors of floating point dtype can require gradients\"";

    private final ModelUnderTest model;

    TrainingChecks(ModelUnderTest model) {
        this.model = model;
    }

    Optional<String> integersAsked(PeftAdapter adapter) {
        List<IntegerGradient> found = model.integerGradients(adapter);
        return Check.of(model, "integers that training " + adapter.name() + " asks for gradients")
                .expecting(
                        "to ask gradients only of floating-point tensors in training adapter <" + adapter.name() + ">")
                .none("tensors", found.size())
                .among(Counted.of(adapter.weights().tensors().size(), "tensor") + " of the adapter")
                .otherwise(failure -> failure.but(
                                Counted.of(found.size(), "tensor") + " of integers would be asked for one:")
                        .items(found.stream().map(TrainingChecks::described).toList())
                        .line(REFUSAL)
                        .from(folders(adapter))
                        .then(cure(found.get(0))));
    }

    private static String described(IntegerGradient asked) {
        String stored = asked.tensor() + " is "
                + asked.storage().map(type -> "stored as " + type).orElse("quantized after loading");
        return asked.savedBy()
                .map(entry -> stored + ", and modules_to_save trains a copy of it (\"" + entry + "\")")
                .orElse(stored + " in the adapter");
    }

    private static String cure(IntegerGradient asked) {
        return asked.savedBy()
                .map(entry ->
                        "\"" + entry + "\" in target_modules, which trains beside the packed weight; or a base that"
                                + " leaves this module unquantized")
                .orElse("the adapter as PEFT saved it, in a floating-point type");
    }

    Optional<String> untrainable(PeftAdapter adapter, TrainingStep step) {
        Optional<Cause> wrong = inTheStep(step).or(this::inTheFiles);
        return Check.of(model, "loss after a training step of " + adapter.name())
                .expecting("to be trainable with adapter <" + adapter.name() + ">")
                .found(Measure.LOSS, new Estimate(step.lossAfter(), 0), "nats a token")
                .limit(Direction.BELOW, step.loss())
                .onlyIf(wrong.isEmpty())
                .on(Origin.NONE.over(step.tokens()).on(step.provenance()))
                .otherwise(failure -> wrong.orElse(notLowered(step)).told(failure, provenance(step)));
    }

    /**
     * Why a model can't be trained.
     *
     * @param items of evidence, if there is any
     */
    private record Cause(String found, List<String> items, String nextStep) {
        String told(Failure failure, String provenance) {
            return failure.but(found).items(items).from(provenance).then(nextStep);
        }
    }

    private Optional<Cause> inTheStep(TrainingStep step) {
        if (step.firstNonFinite().isPresent()) {
            return Optional.of(new Cause(
                    "the loss is not finite: the first NaN or infinity of the forward pass comes from "
                            + step.firstNonFinite().get(),
                    List.of(),
                    "hasOnlyFiniteWeights() on model and adapter, then hasFiniteActivationsOn(text)"));
        }
        if (!step.nonFinite().isEmpty()) {
            return Optional.of(new Cause(
                    "of " + Counted.of(step.tensors(), "trained tensor") + " "
                            + step.nonFinite().size() + " "
                            + Failure.verb(step.nonFinite().size(), "gets", "get")
                            + " a gradient with NaN or infinities:",
                    List.copyOf(step.nonFinite()),
                    "a compute type of larger range: dtype = DType.BF16"));
        }
        if (!step.changedWeights().isEmpty()) {
            return Optional.of(
                    new Cause(
                            Counted.of(step.changedWeights().size(), "weight") + " of the frozen base "
                                    + Failure.verb(step.changedWeights().size(), "has", "have")
                                    + " not the same bits before and after:",
                            List.copyOf(step.changedWeights()),
                            "the same test on the other device; a base that decodes differently each time can't be trained on"));
        }
        if (!step.unreached().isEmpty()) {
            return Optional.of(new Cause(
                    "no gradient comes to " + step.unreached().size() + " of "
                            + Counted.of(step.tensors(), "trained tensor")
                            + ", not after the first step either:",
                    List.copyOf(step.unreached()),
                    "an adapter made anew; of two factors one may start at zero, not both"));
        }
        return step.lowersLoss() ? Optional.empty() : Optional.of(notLowered(step));
    }

    private static Cause notLowered(TrainingStep step) {
        return new Cause(
                "no step along the gradient lowers the loss of " + Failure.number("%.4f", step.loss())
                        + " nats a token: after the smallest one it is "
                        + Failure.number("%.4f", step.lossAfter()),
                List.of(),
                "lora_alpha, r and the values of the adapter; where its strength is far from one, steps are lost or explode");
    }

    /** The files as they are now, beside their hash from when the model was loaded. */
    private Optional<Cause> inTheFiles() {
        try (Checkpoint now = Checkpoint.open(model.checkpoint().folder())) {
            if (now.contentHash().equals(model.checkpoint().contentHash())) {
                return Optional.empty();
            }
        }
        return Optional.of(new Cause(
                "the base's files have changed since the model was loaded",
                List.of(),
                "a folder that nothing else writes to"));
    }

    private String provenance(TrainingStep step) {
        return Counted.of(step.tokens(), "token") + ", " + ComparisonChecks.provenance(model, step.provenance());
    }

    private String folders(PeftAdapter adapter) {
        return adapter.folder() + ", base " + model.checkpoint().folder();
    }
}
