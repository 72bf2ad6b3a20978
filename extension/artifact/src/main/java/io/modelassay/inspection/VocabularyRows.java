package io.modelassay.inspection;

import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.architecture.Parameter.Kind;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TokenizerVocabulary;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Embedding and head that have other rows than {@code vocab_size}: a vocabulary that was resized or cut in one place and
 * not in the others. One cause, whatever number of tensors it shows in, and the tokenizer tells which side is right.
 */
final class VocabularyRows {
    private final Map<String, Long> rows = new TreeMap<>();
    private final Set<String> tables = new TreeSet<>();
    private final long declared;
    private final OptionalLong ids;

    private VocabularyRows(long declared, OptionalLong ids) {
        this.declared = declared;
        this.ids = ids;
    }

    static VocabularyRows of(Checkpoint checkpoint, ModelPlan plan, LoadReport report) {
        Optional<Parameter> table = plan.parameters().stream()
                .filter(parameter -> parameter.kind() == Kind.EMBEDDING)
                .findFirst();
        VocabularyRows vocabulary = new VocabularyRows(
                table.map(parameter -> parameter.shape().dimension(0)).orElse(-1L),
                checkpoint.tokenizerFile().map(TokenizerVocabulary::size).orElse(OptionalLong.empty()));
        for (LoadReport.Mismatch mismatch : report.mismatched()) {
            plan.parameter(plan.resolve(mismatch.name()))
                    .filter(parameter -> parameter.kind() == Kind.EMBEDDING || parameter.kind() == Kind.HEAD)
                    .filter(parameter -> vocabulary.otherRows(mismatch))
                    .ifPresent(parameter -> vocabulary.add(parameter.kind(), mismatch));
        }
        return vocabulary;
    }

    private void add(Kind kind, LoadReport.Mismatch mismatch) {
        rows.put(mismatch.name(), mismatch.stored().dimension(0));
        if (kind == Kind.EMBEDDING) {
            tables.add(mismatch.name());
        }
    }

    private boolean otherRows(LoadReport.Mismatch mismatch) {
        Shape expected = mismatch.expected();
        Shape stored = mismatch.stored();
        return expected.rank() == 2
                && stored.rank() == 2
                && expected.dimension(0) == declared
                && stored.dimension(0) != declared
                && stored.dimension(1) == expected.dimension(1);
    }

    /** The tensors whose shape this tells of. */
    Collection<String> names() {
        return rows.keySet();
    }

    Optional<Finding> finding() {
        if (rows.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Finding(
                "shape-mismatch",
                Severity.ERROR,
                tables.isEmpty()
                        ? rows.keySet().iterator().next()
                        : tables.iterator().next(),
                "vocab_size in config.json is " + declared + ", but " + stored()
                        + "; a loader refuses them as a size mismatch" + tokenizer(),
                nextStep()));
    }

    private String stored() {
        StringBuilder text = new StringBuilder();
        for (long count : new TreeSet<>(rows.values())) {
            List<String> names = rows.entrySet().stream()
                    .filter(entry -> entry.getValue() == count)
                    .map(Map.Entry::getKey)
                    .toList();
            text.append(text.isEmpty() ? "" : " and ")
                    .append(String.join(" and ", names))
                    .append(names.size() == 1 ? " has " : " have ")
                    .append(count)
                    .append(" rows");
        }
        return text.toString();
    }

    private String tokenizer() {
        if (ids.isEmpty()) {
            return "";
        }
        long least = least();
        return "; tokenizer.json has ids up to " + (ids.getAsLong() - 1)
                + (ids.getAsLong() <= least ? "" : ", so the last " + (ids.getAsLong() - least) + " have no row");
    }

    private long least() {
        return rows.values().stream().mapToLong(Long::longValue).min().orElseThrow();
    }

    private String nextStep() {
        long least = least();
        if (new TreeSet<>(rows.values()).size() > 1) {
            return "save embedding and head with equally many rows, and vocab_size with them";
        }
        if (ids.isPresent() && ids.getAsLong() > least) {
            return ids.getAsLong() > declared
                    ? "a model that was resized with resize_token_embeddings(" + ids.getAsLong()
                            + ") and saved with its config"
                    : "the weights with all " + declared + " rows, which config.json and the tokenizer belong to";
        }
        return "set vocab_size to " + least + ", or use the weights with " + declared + " rows";
    }
}
