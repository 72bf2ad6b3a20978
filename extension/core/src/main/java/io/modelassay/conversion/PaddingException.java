package io.modelassay.conversion;

import io.modelassay.checkpoint.Printable;
import java.util.Locale;
import org.apiguardian.api.API;

/** A checkpoint that cannot be padded, or not as asked. Nothing has been written. */
@API(status = API.Status.EXPERIMENTAL)
public final class PaddingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    PaddingException(Reason reason, String message, String nextStep) {
        super(Printable.lines(message + "\nTry: " + nextStep));
        this.reason = reason;
    }

    /** Why. */
    @API(status = API.Status.EXPERIMENTAL)
    public enum Reason {
        /** The weights are quantized; padding comes before that. */
        ALREADY_QUANTIZED,
        /** The MLPs have this size already. */
        SAME_SIZE,
        /** The MLPs are larger than asked for. */
        SMALLER_SIZE,
        /** More zeros than channels to put them between. */
        TOO_MANY_TO_INTERLEAVE,
        /** Experts, whose routing padding does not know. */
        MIXTURE_OF_EXPERTS,
        /** No gated MLP of {@code gate_proj}, {@code up_proj} and {@code down_proj}, or one with something else in it. */
        UNKNOWN_MLP,
        /** The tensors have other sizes than config.json says. */
        SIZE_DISAGREES;

        /** Stable kebab-case name, such as {@code already-quantized}. */
        public String id() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /** Whether another size or order would do for the same checkpoint. */
        public boolean isOfTheRequest() {
            return this == SAME_SIZE || this == SMALLER_SIZE || this == TOO_MANY_TO_INTERLEAVE;
        }
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }
}
