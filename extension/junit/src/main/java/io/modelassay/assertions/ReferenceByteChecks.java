package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.failure.Counted;
import java.util.List;
import java.util.Optional;

/** Whether tensors hold the very bytes of the reference's. */
final class ReferenceByteChecks {
    private final ModelUnderTest model;

    ReferenceByteChecks(ModelUnderTest model) {
        this.model = model;
    }

    /** @param patterns what chose the tensors that are checked */
    Optional<String> otherThanReference(List<TensorInfo> checked, String... patterns) {
        Checkpoint reference = model.reference().checkpoint();
        List<String> found = checked.stream()
                .map(tensor -> difference(tensor, reference))
                .flatMap(Optional::stream)
                .toList();
        return Check.of(model, "bytes of " + String.join(", ", patterns))
                .expecting("to keep " + String.join(", ", patterns) + " byte-equal to <" + model.reference() + ">")
                .none("tensors", found.size())
                .among(Counted.of(checked.size(), "tensor"))
                .otherwise(failure -> failure.but(found.size() + " of " + Counted.of(checked.size(), "tensor") + " "
                                + Failure.verb(found.size(), "differs:", "differ:"))
                        .items(found)
                        .from(model.checkpoint().folder().toString())
                        .then("these modules in the quantizer's list of what it leaves alone"));
    }

    /** The reference's tensor of the same parameter, where one of the two files has names of an earlier generation. */
    private Optional<TensorInfo> underAnotherName(TensorInfo tensor, Checkpoint reference) {
        return model.plan().flatMap(plan -> {
            String present = plan.resolve(tensor.name());
            return reference.tensors().values().stream()
                    .filter(other -> plan.resolve(other.name()).equals(present))
                    .findFirst();
        });
    }

    private Optional<String> difference(TensorInfo tensor, Checkpoint reference) {
        Optional<TensorInfo> other = reference.find(tensor.name()).or(() -> underAnotherName(tensor, reference));
        if (other.isEmpty()) {
            return Optional.of(tensor.name() + " is not in the reference");
        }
        if (other.get().type() != tensor.type()) {
            return Optional.of(tensor.name() + " is stored as " + tensor.type().label() + ", the reference has "
                    + other.get().type().label());
        }
        return model.checkpoint().contentEquals(tensor, reference, other.get())
                ? Optional.empty()
                : Optional.of(tensor.name() + " holds other values");
    }
}
