package io.modelassay.architecture;

import java.util.Locale;
import org.apiguardian.api.API;

/** What a class of transformers puts on top of the base model. */
@API(status = API.Status.EXPERIMENTAL)
public enum ModelHead {
    /** Nothing, such as {@code LlamaModel}: hidden states come out. */
    NONE,
    /** Logits of the next token, such as {@code LlamaForCausalLM}. */
    LANGUAGE_MODEL,
    /** One score a label for a sequence. */
    SEQUENCE_CLASSIFICATION,
    /** One score a label for each token. */
    TOKEN_CLASSIFICATION,
    /** Scores for begin and end of an answer. */
    QUESTION_ANSWERING,
    /** A head that is not known, such as one of custom code: only the base model can be compared. */
    UNKNOWN;

    /** Its name in a family's description. */
    String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
