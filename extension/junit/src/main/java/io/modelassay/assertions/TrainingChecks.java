package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.adapter.IntegerGradient;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.TrainingStep;
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
        model.record(new Figure(
                model.name(),
                "integers that training " + adapter.name() + " asks for gradients",
                found.size(),
                0,
                "tensors",
                "at most 0",
                found.isEmpty(),
                Failure.count(adapter.weights().tensors().size(), "tensor") + " of the adapter"));
        if (found.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Failure.expecting(
                        "model",
                        model.name(),
                        "to ask gradients only of floating-point tensors in training adapter <" + adapter.name() + ">")
                .but(Failure.count(found.size(), "tensor") + " of integers would be asked for one:")
                .items(found.stream().map(TrainingChecks::described).toList())
                .line(REFUSAL)
                .from(folders(adapter))
                .then(cure(found.get(0))));
    }

    private static String described(IntegerGradient asked) {
        String stored = asked.tensor() + " is " + (asked.storage().contains(" ") ? "" : "stored as ") + asked.storage();
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
        Optional<String> wrong = inTheStep(adapter, step).or(() -> inTheFiles(adapter, step));
        model.record(new Figure(
                model.name(),
                "loss after a training step of " + adapter.name(),
                step.lossAfter(),
                0,
                "nats a token",
                "below " + Failure.number("%.4f", step.loss()),
                wrong.isEmpty(),
                tokens(step) + ", " + step.provenance()));
        return wrong;
    }

    private Optional<String> inTheStep(PeftAdapter adapter, TrainingStep step) {
        if (step.firstNonFinite().isPresent()) {
            return Optional.of(failure(
                            adapter,
                            "the loss is not finite: the first NaN or infinity of the forward pass" + " comes from "
                                    + step.firstNonFinite().get())
                    .from(provenance(step))
                    .then("hasOnlyFiniteWeights() on model and adapter, then hasFiniteActivationsOn(text)"));
        }
        if (!step.nonFinite().isEmpty()) {
            return Optional.of(failure(
                            adapter,
                            "of " + Failure.count(step.tensors(), "trained tensor") + " "
                                    + step.nonFinite().size() + " "
                                    + Failure.verb(step.nonFinite().size(), "gets", "get")
                                    + " a gradient with NaN or infinities:")
                    .items(List.copyOf(step.nonFinite()))
                    .from(provenance(step))
                    .then("a compute type of larger range: dtype = DType.BF16"));
        }
        if (!step.changedWeights().isEmpty()) {
            return Optional.of(
                    failure(
                                    adapter,
                                    Failure.count(step.changedWeights().size(), "weight") + " of the frozen base "
                                            + Failure.verb(step.changedWeights().size(), "has", "have")
                                            + " not the same bits before and after:")
                            .items(List.copyOf(step.changedWeights()))
                            .from(provenance(step))
                            .then(
                                    "the same test on the other device; a base that decodes differently each time can't be trained on"));
        }
        if (!step.unreached().isEmpty()) {
            return Optional.of(failure(
                            adapter,
                            "no gradient comes to " + step.unreached().size() + " of "
                                    + Failure.count(step.tensors(), "trained tensor")
                                    + ", not after the first step either:")
                    .items(List.copyOf(step.unreached()))
                    .from(provenance(step))
                    .then("an adapter made anew; of two factors one may start at zero, not both"));
        }
        if (!step.lowersLoss()) {
            return Optional.of(
                    failure(
                                    adapter,
                                    "no step along the gradient lowers the loss of "
                                            + Failure.number("%.4f", step.loss())
                                            + " nats a token: after the smallest one it is "
                                            + Failure.number("%.4f", step.lossAfter()))
                            .from(provenance(step))
                            .then(
                                    "lora_alpha, r and the values of the adapter; where its strength is far from one, steps are lost or explode"));
        }
        return Optional.empty();
    }

    /** The files as they are now, beside their hash from when the model was loaded. */
    private Optional<String> inTheFiles(PeftAdapter adapter, TrainingStep step) {
        try (Checkpoint now = Checkpoint.open(model.checkpoint().folder())) {
            if (now.contentHash().equals(model.checkpoint().contentHash())) {
                return Optional.empty();
            }
        }
        return Optional.of(failure(adapter, "the base's files have changed since the model was loaded")
                .from(provenance(step))
                .then("a folder that nothing else writes to"));
    }

    private Failure failure(PeftAdapter adapter, String found) {
        return Failure.expecting("model", model.name(), "to be trainable with adapter <" + adapter.name() + ">")
                .but(found);
    }

    private static String tokens(TrainingStep step) {
        return Failure.count(step.tokens(), "token");
    }

    private String provenance(TrainingStep step) {
        return tokens(step) + ", " + ComparisonChecks.provenance(model, step.provenance());
    }

    private String folders(PeftAdapter adapter) {
        return adapter.folder() + ", base " + model.checkpoint().folder();
    }
}
