package io.modelassay.architecture;

import io.modelassay.architecture.Parameter.Kind;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import java.util.Optional;

/**
 * The head of a model whose config ties it to the embedding, and whose file stores both. transformers 5 ties them only if
 * their values are the same, and keeps the stored head otherwise; transformers 4 always takes the embedding.
 */
final class StoredHead {
    private StoredHead() {}

    /** The plan of {@code checkpoint} as transformers 5 loads it. */
    static ModelPlan resolve(ModelPlan plan, Checkpoint checkpoint) {
        if (plan.tied().isEmpty()) {
            return plan;
        }
        StoredNames names = StoredNames.of(checkpoint, plan);
        Optional<TensorInfo> embedding = stored(plan, names, Kind.EMBEDDING);
        Optional<TensorInfo> head = stored(plan, names, Kind.HEAD);
        if (embedding.isEmpty() || head.isEmpty()) {
            return plan;
        }
        boolean same = embedding.get().type() == head.get().type()
                && checkpoint.contentEquals(embedding.get(), checkpoint, head.get());
        return same ? plan : plan.withStoredHead();
    }

    private static Optional<TensorInfo> stored(ModelPlan plan, StoredNames names, Kind kind) {
        return plan.parameters().stream()
                .filter(parameter -> parameter.kind() == kind)
                .findFirst()
                .flatMap(parameter ->
                        names.own(parameter).filter(tensor -> tensor.shape().equals(parameter.shape())));
    }
}
