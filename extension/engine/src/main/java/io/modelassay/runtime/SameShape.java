package io.modelassay.runtime;

import io.modelassay.architecture.DecoderPlan;
import org.apiguardian.api.API;

/** A model is compared with its reference layer by layer and token by token, so both need the same layers and tokens. */
@API(status = API.Status.INTERNAL)
public final class SameShape {
    private SameShape() {}

    /**
     * Refuses a pair that cannot be compared.
     *
     * @throws RuntimeFailure {@code reference-does-not-fit}, which names the config key that differs
     */
    public static void require(LanguageModel reference, LanguageModel subject) {
        DecoderPlan expected = reference.plan().decoder();
        DecoderPlan actual = subject.plan().decoder();
        require("num_hidden_layers", expected.layers().size(), actual.layers().size(), reference, subject);
        require("hidden_size", expected.hiddenSize(), actual.hiddenSize(), reference, subject);
        require("vocab_size", expected.vocabularySize(), actual.vocabularySize(), reference, subject);
    }

    private static void require(String key, int expected, int actual, LanguageModel reference, LanguageModel subject) {
        if (expected != actual) {
            throw new RuntimeFailure(
                    RuntimeProblem.REFERENCE_DOES_NOT_FIT,
                    "Model " + subject.name() + " cannot be compared with its reference " + reference.name() + ": "
                            + key
                            + " is " + actual + ", the reference has " + expected,
                    "the checkpoint that this model was made from as the reference");
        }
    }
}
