package io.modelassay.inspection;

import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.architecture.StoredNames;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TokenizerVocabulary;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The tokenizer's ids against the rows of the embedding. */
final class TokenizerFit {
    private TokenizerFit() {}

    /** Nothing of an embedding that does not fit config.json: {@link VocabularyRows} tells of the tokenizer too. */
    static List<Finding> findings(Checkpoint checkpoint, ModelPlan plan, LoadReport report) {
        StoredNames names = StoredNames.of(checkpoint, plan);
        VocabularyRows told = VocabularyRows.of(checkpoint, plan, report);
        Optional<TensorInfo> table = plan.parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.EMBEDDING)
                .findFirst()
                .filter(parameter -> !told.names().contains(parameter.name()))
                .flatMap(names::tensor)
                .filter(tensor ->
                        !VocabularyRows.of(checkpoint, plan, report).names().contains(tensor.name()));
        OptionalLong ids =
                checkpoint.tokenizerFile().map(TokenizerVocabulary::size).orElse(OptionalLong.empty());
        if (table.isEmpty() || table.get().shape().rank() != 2 || ids.isEmpty()) {
            return List.of();
        }
        long rows = table.get().shape().dimension(0);
        long tokens = ids.getAsLong();
        if (tokens == rows) {
            return List.of();
        }
        boolean beyond = tokens > rows;
        return List.of(new Finding(
                "embedding-rows-differ-from-tokenizer",
                beyond ? Severity.ERROR : Severity.INFO,
                table.get().name(),
                "The embedding has " + rows + " rows, tokenizer.json has ids up to " + (tokens - 1)
                        + (beyond
                                ? "; a text with one of the last " + (tokens - rows) + " fails"
                                : "; the last " + (rows - tokens) + " rows are padding"),
                beyond
                        ? "resize_token_embeddings(" + tokens
                                + ") before saving, or the tokenizer that belongs to the model"
                        : "nothing needs doing, unless the tokenizer lacks tokens that were added in training"));
    }
}
