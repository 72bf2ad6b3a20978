package io.modelassay.adapter;

import io.modelassay.adapter.BaseModule.Kind;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Trainable tokens: new rows for some tokens of an embedding. */
final class TrainableTokensMethod implements PeftMethod {
    @Override
    public Set<String> types() {
        return Set.of("TRAINABLE_TOKENS");
    }

    @Override
    public Map<String, Start> roots() {
        return Map.of("trainable_tokens_delta", Start.ANYWHERE);
    }

    /** Rows are replaced, nothing is computed. */
    @Override
    public Optional<String> kernel() {
        return Optional.empty();
    }

    @Override
    public List<Part> parts(BaseModule module, AdapterConfig config) {
        int tokens = config.json().isArray("token_indices")
                ? config.json().integers("token_indices").size()
                : 0;
        return module.kind() == Kind.EMBEDDING || module.kind() == Kind.HEAD
                ? List.of(Part.of(
                        "trainable_tokens_delta", -1, tokens, module.weight().dimension(1)))
                : List.of();
    }
}
