package io.modelassay.inspection;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.CheckpointProblem;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.TokenizerFile;
import java.nio.file.Path;
import java.util.Optional;
import org.apiguardian.api.API;

/** What the tokenizers library would do with a checkpoint's {@code tokenizer.json}: sample, or not survive it. */
@API(status = API.Status.INTERNAL)
public final class TokenizerSampling {
    private TokenizerSampling() {}

    /** The finding, if there is one. */
    public static Optional<Finding> finding(Checkpoint checkpoint) {
        return checkpoint.tokenizerFile().flatMap(TokenizerSampling::finding);
    }

    private static Optional<Finding> finding(Path file) {
        try {
            var dropout = TokenizerFile.read(file).dropout();
            return dropout.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Finding(
                            "tokenizer-dropout",
                            Severity.WARNING,
                            "tokenizer.json",
                            "model.dropout is " + dropout.getAsDouble()
                                    + ": the tokenizers library leaves out that share of the merges at random whenever it"
                                    + " tokenizes, so that equal texts have other tokens each time; figures here are"
                                    + " without it",
                            "set model.dropout to null, unless the model is to be trained on"));
        } catch (CheckpointException e) {
            return e.problem() == CheckpointProblem.TOKENIZER_INVALID
                    ? Optional.of(new Finding(
                            "tokenizer-invalid",
                            Severity.WARNING,
                            "tokenizer.json",
                            e.details().sentence(),
                            e.nextStep()))
                    : Optional.empty();
        }
    }
}
